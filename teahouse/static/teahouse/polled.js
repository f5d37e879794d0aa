/**
 * What a page that has no socket asks for again and again, and what the answers mean: the frames that a socket would
 * have brought. Pure: by-http.js asks.
 */

/** @import { Hello, OwnRoom, Position, Subscribed } from "./types.js" */

/**
 * A room that is followed from one answer to the next. Whoever subscribes anew gets a new one, and what is still on its
 * way for the old one counts no more.
 * @typedef {{position: Position, here: string, rights: string}} Followed
 */

export class Polled {
  /** @type {Map<string, Followed>} */
  #rooms = new Map();
  /** What was last told of own rooms. @type {Map<string, string>} */
  #heads = new Map();
  #service = "ok";
  #place = "";
  /** @type {number[]} */
  #here = [];

  /** A session began: what its hello tells is known. @param {Hello} hello */
  begin(hello) {
    this.#service = hello.state ?? "ok";
    this.#place = hello.place ?? this.#place;
    this.#here = hello.here ?? [];
    for (const room of hello.rooms) this.#heads.set(room.room, headOf(room));
  }

  /** The page has subscribed, and was told this. @param {string} room @param {Subscribed} answer */
  follow(room, answer) {
    if (answer.more) this.leave(room);
    else this.#rooms.set(room, { position: { ...answer.position }, here: JSON.stringify(answer.here), rights: rightsOf(answer) });
  }

  /** @param {string} room */
  leave(room) {
    this.#rooms.delete(room);
  }

  /** @returns {{commands: Record<string, unknown>[], asked: Map<string, Followed>}} */
  ask() {
    const asked = new Map(this.#rooms);
    const subscriptions = [...asked].map(([room, { position }]) => ({ id: room, do: "subscribe", room, since: position }));
    return { commands: [{ id: 0, do: "hello", v: 1 }, ...subscriptions], asked };
  }

  /**
   * @param {any[]} frames  The answer.
   * @param {Map<string, Followed>} asked
   * @returns {{told: any[], more: boolean, reset: boolean}} The same as a socket would have told it; whether there is
   *   more at once; whether a position is of another history, so that everything has to be begun anew.
   */
  take(frames, asked) {
    /** @type {any[]} */
    const told = [];
    let [more, reset] = [false, false];
    for (const frame of frames) {
      if (frame.re === 0) told.push(...this.#greeted(frame.ok));
      else if (frame.re !== undefined) {
        const followed = asked.get(frame.re);
        if (!followed || this.#rooms.get(frame.re) !== followed) continue;
        if (frame.error) told.push(...this.#lost(frame.re, frame.error));
        else {
          told.push(...resumed(frame.re, followed, frame.ok));
          more ||= Boolean(frame.ok.more);
          reset ||= Boolean(frame.ok.reset);
        }
      } else if (this.#counts(frame, asked)) told.push(frame);
    }
    return { told, more, reset };
  }

  /** Whether something that the server says of itself is still wanted. @param {any} frame @param {Map<string, Followed>} asked */
  #counts(frame, asked) {
    if (frame.signal === "head") this.#heads.set(frame.room, headOf({ ...frame, position: { seq: frame.seq } }));
    if (frame.signal === "service") this.#service = frame.state;
    if (!frame.event && frame.signal !== "rights") return true;
    const followed = this.#rooms.get(frame.room);
    if (!followed || asked.get(frame.room) !== followed) return false;
    if (frame.event) followed.position.seq = Math.max(followed.position.seq, frame.seq);
    else followed.rights = rightsOf(frame);
    return true;
  }

  /** What is otherwise than the last hello said. @param {Hello | undefined} hello */
  #greeted(hello) {
    if (!hello) return [];
    /** @type {any[]} */
    const told = [];
    if (hello.state && hello.state !== this.#service) told.push({ signal: "service", state: hello.state });
    if (hello.place && hello.place !== this.#place) told.push({ signal: "place", name: hello.place });
    const here = hello.here ?? [];
    const came = here.filter((id) => !this.#here.includes(id));
    const went = this.#here.filter((id) => !here.includes(id));
    if (came.length || went.length) told.push({ signal: "here", came, went });
    for (const room of hello.rooms) {
      const { unread, mentions, position } = room;
      if (this.#rooms.has(room.room) || this.#heads.get(room.room) === headOf(room)) continue;
      told.push({ signal: "head", room: room.room, seq: position.seq, unread, mentions });
    }
    this.begin(hello);
    return told;
  }

  /** @param {string} room @param {{retry: boolean}} problem */
  #lost(room, problem) {
    if (problem.retry) return [];
    this.leave(room);
    return [{ signal: "rights", room, role: null, may: [] }];
  }
}

/** @param {string} room @param {Followed} followed @param {Subscribed} answer */
function resumed(room, followed, answer) {
  /** @type {any[]} */
  const told = [...(answer.events ?? [])];
  followed.position = { ...answer.position };
  const [here, rights] = [JSON.stringify(answer.here), rightsOf(answer)];
  if (answer.here && here !== followed.here) {
    followed.here = here;
    const { count, people } = answer.here;
    // Too many to be listed: the number alone, as the signal has it.
    told.push({ signal: "presence", room, came: people ?? [], went: [], count, ...(people && { whole: true }) });
  }
  if (rights !== followed.rights) {
    followed.rights = rights;
    told.push({ signal: "rights", room, role: answer.role ?? null, may: answer.may ?? [] });
  }
  return told;
}

/** @param {{role?: string | null, may?: string[]}} told */
function rightsOf({ role, may }) {
  return JSON.stringify([role ?? null, may ?? []]);
}

/** @param {Pick<OwnRoom, "unread" | "mentions"> & {position: {seq: number}}} room */
function headOf({ unread, mentions, position }) {
  return `${position.seq} ${unread} ${mentions}`;
}
