// The conformance tests of Durable Streams, of which test_conformance.py chooses those that read.
import { runConformanceTests } from "@durable-streams/server-conformance-tests";

runConformanceTests({ baseUrl: process.env.STANDIN ?? "" });
