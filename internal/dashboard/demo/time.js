// How long this user was here in the last 24 hours, as the server's books say: once,
// however many tabs it was in. No clock of the browser's has a part in it.

const byId = (id) => document.getElementById(id);

export class OwnTime {
  #socket;
  #channel = null;

  constructor(socket) {
    this.#socket = socket;
  }

  // of begins to show a user's time.
  of(user) {
    this.#channel?.leave();
    byId("own").hidden = true;
    const channel = this.#socket.channel(`demo:you:${user}`);
    channel.on("time", ({ ms }) => {
      if (channel !== this.#channel || !Number.isFinite(ms)) return;
      byId("own").hidden = false;
      byId("time").textContent = words(ms);
    });
    this.#channel = channel;
    channel.join();
  }
}

function words(ms) {
  const seconds = Math.floor(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h) return `${h} h ${m} min`;
  return m ? `${m} min ${s} s` : `${s} s`;
}
