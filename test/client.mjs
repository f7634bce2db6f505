// A phoenix npm client on the ws transport that writes down what it gets.

import { Socket } from "phoenix";
import WebSocket from "ws";
import { patience, within } from "./lib.mjs";

const nowhere = "ws://127.0.0.1:1";   // where nobody listens

export class Client {
  constructor(endpoint, user, options = {}) {
    this.frames = [];   // every decoded frame, in order of arrival
    this.opened = 0;
    this.away = false;
    const client = this;
    this.socket = new Socket(endpoint, {
      params: { user_id: user },
      transport: class extends WebSocket {
        constructor(url, ...more) { super(client.away ? nowhere : url, ...more); }
      },
      timeout: patience,
      sessionStorage: { getItem: () => null, setItem: () => {} },
      ...options,
    });
    this.socket.onOpen(() => this.opened++);
    this.socket.onMessage((frame) => this.frames.push(frame));
  }

  async connect() {
    const open = new Promise((resolve) => this.socket.onOpen(resolve));
    this.socket.connect();
    await within(patience, "connect", open);
    return this;
  }

  // cut ends the connection without a word, and until away is false the client, which goes
  // on trying, does not reach the server.
  cut() {
    this.away = true;
    this.socket.conn.terminate();
  }

  disconnect() {
    return new Promise((resolve) => this.socket.disconnect(resolve));
  }

  // channel joins; what arrives for the events listed is kept in log, in order.
  async channel(topic, params, events = ["msg"]) {
    const channel = this.socket.channel(topic, params);
    channel.log = [];
    for (const event of events) {
      channel.on(event, (payload, ref) => channel.log.push({ event, payload, ref }));
    }
    channel.reply = await answer(channel.join(), `join ${topic}`);
    return channel;
  }

  // raw sends a frame that the client would not send by itself and waits for
  // the reply to its ref.
  raw(topic, event, payload, joinRef) {
    const ref = this.socket.makeRef();
    this.socket.push({ topic, event, payload, ref, join_ref: joinRef === undefined ? ref : joinRef });
    return within(patience, `reply to ${event} on ${topic}`, new Promise((resolve) => {
      this.socket.onMessage((frame) => frame.event === "phx_reply" && frame.ref === ref && resolve(frame));
    }));
  }
}

// answer is the reply to a push: the response of an ok, an Error for the rest.
export function answer(push, what) {
  return within(patience, what, new Promise((resolve, reject) => {
    push.receive("ok", resolve)
      .receive("error", (response) => reject(Object.assign(new Error(`${what}: error ${JSON.stringify(response)}`), { response })))
      .receive("timeout", () => reject(new Error(`${what}: timeout`)));
  }));
}
