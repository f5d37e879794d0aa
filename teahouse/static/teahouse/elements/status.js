/**
 * <teahouse-status src="/status/figures/" first="id">: the state of the site for its owners. What is wrong stands first,
 * in words and with what to do; then pictures of the last ten minutes. `first`: id of the element that holds the
 * figures as JSON with which the page came. New ones are asked for every other second while the page is seen.
 */

import { html, nothing, repeat, svg } from "../lit.js";
import { bytes, inAMinute, number, percent, series, span } from "../status-figures.js";
import { clock } from "../times.js";
import { language } from "../words.js";
import { en } from "../words-status-en.js";
import { zh } from "../words-status-zh.js";
import { Light } from "./light.js";
import "./graph.js";

/** @import { Limit, Process, Status, Trouble } from "../status-figures.js" */

const PAUSE = 2_000; // ms
const PATIENCE = 8_000; // ms
/** @type {Record<string, typeof en>} */
const WORDS = { en, "zh-Hans": zh };
const OF_BYTES = ["disk_full", "disk_low", "disk_copy"];

export class TeahouseStatus extends Light {
  static properties = {
    src: {},
    first: {},
    status: { state: true },
    lost: { state: true },
  };

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #next;
  #spoken = () => this.requestUpdate();
  #seen = () => this.#look();

  constructor() {
    super();
    this.src = "";
    this.first = "";
    /** @type {Status | null} */
    this.status = null;
    /** Why there are no new figures. @type {Trouble | null} */
    this.lost = null;
  }

  connectedCallback() {
    super.connectedCallback();
    const first = document.getElementById(this.first)?.textContent;
    if (first) this.status = JSON.parse(first);
    document.addEventListener("teahouse-language", this.#spoken);
    document.addEventListener("visibilitychange", this.#seen);
    this.#next = setTimeout(this.#seen, PAUSE);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener("teahouse-language", this.#spoken);
    document.removeEventListener("visibilitychange", this.#seen);
    clearTimeout(this.#next);
  }

  /** Asks for new figures, and again in a while, as long as somebody sees them. */
  async #look() {
    clearTimeout(this.#next);
    if (document.hidden) return;
    this.lost = await this.#ask();
    clearTimeout(this.#next);
    if (this.isConnected) this.#next = setTimeout(this.#seen, PAUSE);
  }

  /** @returns {Promise<Trouble | null>} */
  async #ask() {
    const trouble = (/** @type {string} */ code, value = 0) => ({ code, bad: true, value, bound: 0, where: "" });
    try {
      const answer = await fetch(this.src, { signal: AbortSignal.timeout(PATIENCE), headers: { Accept: "application/json" } });
      if (answer.status === 404) return trouble("signed_out");
      if (answer.status === 503) return trouble("database");
      if (!answer.ok) return trouble("broken", answer.status);
      this.status = await answer.json();
      return null;
    } catch {
      return trouble("away"); // What fetch throws says no more than that.
    }
  }

  get #say() {
    return WORDS[language()] ?? en;
  }

  render() {
    const { status, lost } = this;
    const troubles = [...(lost ? [lost] : []), ...(status?.troubles ?? [])];
    const bad = troubles.filter((one) => one.bad).length;
    const say = this.#say;
    const verdict = bad ? say.wrong(bad) : troubles.length ? say.minor(troubles.length) : say.well;
    return html`<h1>${say.status}</h1>
      <p class="verdict ${bad ? "bad" : "well"}" role="status">${verdict}${lost && status ? html` ${say.asOf(clock(new Date(status.now * 1000).toISOString()))}` : nothing}</p>
      <ul class="troubles">
        ${repeat(troubles, (one) => one.code + one.where, (one) => this.#trouble(one))}
      </ul>
      ${status ? html`<div class="figures ${lost ? "old" : ""}">${this.#pictures(status)} ${this.#processes(status)} ${this.#site(status)} ${this.#limits(status.limits)}</div>` : nothing}`;
  }

  /** @param {Trouble} trouble */
  #trouble({ code, bad, value, bound, where }) {
    const shown = (/** @type {number} */ figure) => (OF_BYTES.includes(code) ? bytes(figure, language()) : number(figure, language()));
    const [title, help] = this.#say.troubles[code]?.({ value: shown(value), bound: shown(bound), where }) ?? [code, ""];
    return html`<li class=${bad ? "bad" : ""}><strong>${title}</strong><p>${help}</p></li>`;
  }

  /** @param {Status} status */
  #pictures(status) {
    const say = this.#say;
    const speaks = language();
    const write = (/** @type {number} */ value) => number(value, speaks);
    const share = (/** @type {number} */ value) => percent(value, speaks);
    const sessions = sum(status, "sessions");
    const guests = sum(status, "guests");
    const busy = series(status, "busy", { most: true });
    const minute = Math.round(60 / status.slot_seconds);
    // Each point of the line is a slot; what is written is of a minute.
    const perMinute = (/** @type {"messages" | "deliveries"} */ name) => series(status, name).map((value) => value * minute);
    return html`<div class="tiles">
      ${this.#tile(say.connections, write(sessions), say.whose(write(sessions - guests), write(guests)), series(status, "sessions"), write)}
      ${this.#tile(say.messages, write(inAMinute(status, "messages")), "", perMinute("messages"), write)}
      ${this.#tile(say.deliveries, write(inAMinute(status, "deliveries")), say.eachReader, perMinute("deliveries"), write)}
      ${this.#tile(say.processor, share(busy.at(-1) ?? 0), say.busiest, busy, share, 1)}
      ${this.#storage(status)}
    </div>`;
  }

  /**
   * @param {string} title
   * @param {string} now
   * @param {string} hint
   * @param {number[]} values
   * @param {(value: number) => string} write
   * @param {number} [top]
   */
  #tile(title, now, hint, values, write, top) {
    const most = this.#say.tenMinutes(write(Math.max(...values)));
    return html`<section class="tile">
      <h2>${title}</h2>
      <p class="figure">${now}</p>
      <p class="hint">${hint}</p>
      <teahouse-graph .values=${values} .top=${top} label="${title}: ${most}"></teahouse-graph>
      <p class="hint">${most}</p>
    </section>`;
  }

  /** @param {Status} status */
  #storage({ storage, now, database }) {
    const say = this.#say;
    const write = (/** @type {number} */ value) => bytes(value, language());
    const elsewhere = database.kind.startsWith("PostgreSQL");
    const here = elsewhere ? 0 : storage.database;
    const others = Math.max(0, storage.total - storage.free - here - storage.backups);
    /** @type {[string, string, number][]} */
    const parts = [["database", say.database, storage.database], ["backups", say.backups, storage.backups], ["others", say.others, others], ["free", say.free, storage.free]];
    let at = 0;
    return html`<section class="tile storage">
      <h2>${say.storage}</h2>
      <p class="figure">${write(storage.database)}</p>
      <p class="hint">${say.left(write(storage.free), write(storage.total))}</p>
      <svg class="disk" viewBox="0 0 100 1" preserveAspectRatio="none" role="img" aria-label=${parts.map(([, label, size]) => `${label}: ${write(size)}`).join(", ")}>
        ${parts.map(([name, , size]) => {
          const width = name === "database" && elsewhere ? 0 : (100 * size) / Math.max(1, storage.total);
          const x = at;
          at += width;
          return part(name, x, width);
        })}
      </svg>
      <ul class="legend">
        ${parts.map(([name, label, size]) => html`<li class=${name}>${label} <span>${write(size)}</span></li>`)}
      </ul>
      <p class="hint">${storage.newest_backup ? say.newestBackup(span(now - storage.newest_backup, language())) : say.noBackup} ${elsewhere ? say.diskOf : ""}</p>
    </section>`;
  }

  /** @param {Status} status */
  #processes(status) {
    const say = this.#say;
    const several = new Set(status.processes.map((one) => one.host)).size > 1;
    return html`<h2>${say.processes}</h2>
      <p class="hint">${status.redis === false ? say.onlyWhoAnswers : say.answering(status.processes.length)}</p>
      <ul class="rows">
        ${repeat(status.processes, (one) => one.process, (one, index) => this.#process(one, status, several, index === 0 && status.processes.length > 1))}
      </ul>`;
  }

  /** @param {Process} one @param {Status} status @param {boolean} several @param {boolean} asked */
  #process(one, status, several, asked) {
    const say = this.#say;
    const speaks = language();
    const state = one.draining ? "draining" : one.state;
    const last = one.slots.filter((slot) => slot.at < Math.floor(status.now / status.slot_seconds)).slice(-12);
    const facts = [
      say.sessions(one.sessions),
      say.memory(bytes(one.memory, speaks)),
      say.busy(percent(last.at(-1)?.busy ?? 0, speaks)),
      say.late(number(Math.max(0, ...last.map((slot) => slot.late)), speaks)),
      say.up(span(status.now - one.since, speaks)),
      one.version,
    ];
    return html`<li>
      <div class="what">
        <strong>${say.process(String(one.pid))}${several ? html` · ${one.host}` : nothing}</strong>
        <span class="badge ${state === "ok" ? "" : "alarm"}">${say.states[state] ?? state}</span>
        ${asked ? html`<span class="badge">${say.askedOne}</span>` : nothing}
        <span class="hint">${facts.join(" · ")}</span>
      </div>
      <teahouse-graph class="beside-graph" .values=${series({ ...status, processes: [one] }, "sessions")} label=${say.connections}></teahouse-graph>
    </li>`;
  }

  /** @param {Status} status */
  #site({ versions, database, redis }) {
    const say = this.#say;
    const speaks = language();
    const { Teahouse = "", ...others } = versions;
    /** @type {[string, string][]} */
    const rows = [
      [say.version, Teahouse],
      [say.runsOn, Object.entries(others).map((pair) => pair.join(" ")).join(", ")],
      [say.database, `${database.kind} · ${say.answersIn(number(database.milliseconds, speaks))}`],
      [say.redis, redis === null ? say.redisNone : redis ? say.redisWorks : say.redisSilent],
      [say.stored, say.counts(database.events, database.rooms, database.people)],
    ];
    return html`<h2>${say.site}</h2>
      <dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
  }

  /** @param {Limit[]} limits */
  #limits(limits) {
    const say = this.#say;
    const write = (/** @type {number} */ value) => number(value, language());
    return html`<h2>${say.limits}</h2>
      <dl class="facts limits">
        ${limits.map(
          (one) => html`<div>
            <dt>${say.limit[one.name] ?? one.name} <code>${one.name}</code></dt>
            <dd>${one.lifted ? html`<span class="badge alarm">${say.lifted}</span>` : write(one.value)}
              ${one.value === one.default || one.lifted ? nothing : html`<span class="badge">${say.insteadOf(write(one.default))}</span>`}</dd>
          </div>`,
        )}
      </dl>`;
  }
}

/** @param {Status} status @param {"sessions" | "guests"} name */
function sum(status, name) {
  return status.processes.reduce((all, one) => all + one[name], 0);
}

/** A piece of the bar. @param {string} name @param {number} x @param {number} width */
function part(name, x, width) {
  return svg`<rect class=${name} x=${x} y="0" width=${width} height="1"></rect>`;
}

customElements.define("teahouse-status", TeahouseStatus);
