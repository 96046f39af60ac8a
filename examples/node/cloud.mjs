// A cloud for the tests of a file, empty for each of them. Copy it beside your tests; `messaging` is on the path.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after, afterEach } from "node:test";

const args = ["local", "--port", "0", "--durability", "memory", "--clock", "frozen"];
const server = spawn("messaging", args, { stdio: ["ignore", "pipe", "inherit"] });
after(() => server.kill());

// The first line says where, once requests are taken.
const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
const { value: ready = "" } = await lines.next();
if (!ready.startsWith("Ready on ")) throw new Error("messaging local did not start");
const endpoint = ready.split(/[ ,]/)[2];

async function post(path) {
  const answer = await fetch(endpoint + path, { method: "POST" });
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
}

afterEach(() => post("/_messaging/reset"));

/** What AWS's clients are made with. */
export const config = {
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
};

/** Moves the clock, as `advance("30s")`: what falls due on the way is done when it returns. */
export const advance = (by) => post(`/_messaging/clock?advance=${by}`);
