// Tells the server whether this screen shows the stream. The time it adds up is the
// server's: this page has no stopwatch.

const byId = (id) => document.getElementById(id);

export class Watching {
  #channel;
  #picture;
  #playing = true;

  constructor(channel, picture) {
    this.#channel = channel;
    this.#picture = picture;
    byId("play").addEventListener("click", () => {
      this.#playing = !this.#playing;
      this.tell();
    });
    document.addEventListener("visibilitychange", () => this.tell());
    this.#show();
  }

  // tell says it, after each join and each change.
  tell() {
    this.#show();
    if (this.#channel.isJoined()) this.#channel.push("watch", { visible: !document.hidden, playing: this.#playing });
  }

  #show() {
    byId("play").textContent = this.#playing ? "Pause" : "Play";
    byId("play").ariaPressed = String(!this.#playing);
    byId("live").dataset.playing = String(this.#playing);
    this.#picture.play(this.#playing && !document.hidden);
  }
}
