// Python in a worker: it loads what it is given, answers one question at a time, and may be ended.
// It is started from a blob, so that the page's policy holds here too: no other host is asked.
import { loadPyodide } from "./pyodide.mjs";

const PAGE = 2 ** 16, MOST = 768 * 2 ** 20 / PAGE;
const TYPES = { wasm: "application/wasm", json: "application/json" };
const grow = WebAssembly.Memory.prototype.grow;
WebAssembly.Memory.prototype.grow = function (pages) {
  if (this.buffer.byteLength / PAGE + pages > MOST) throw new RangeError("more memory than the page allows");
  return grow.call(this, pages);
};

let python, inside;

// What the page has fetched already is not fetched again.
const held = (files) => {
  const original = self.fetch;
  self.fetch = (asked, ...rest) => {
    const name = new URL(asked.url ?? asked, import.meta.url).pathname.split("/").pop();
    if (!files[name]) return original(asked, ...rest);
    const type = TYPES[name.split(".").pop()] ?? "application/octet-stream";
    return Promise.resolve(new Response(files[name], { headers: { "Content-Type": type } }));
  };
};

const load = async ({ files }) => {
  held(files);
  python = await loadPyodide({ indexURL: new URL("./", import.meta.url).href });
  python.unpackArchive(files["cnnref.zip"], "zip", { extractDir: "/package" });
  python.runPython("import sys; sys.path.insert(0, '/package')");
  inside = python.pyimport("inside");
  return "";
};

// A file is read where it is: it is mounted, and no byte of it is copied before it is asked for.
const read = ({ file, asked }) => {
  python.FS.mkdirTree("/given");
  python.FS.mount(python.FS.filesystems.WORKERFS, { files: [file] }, "/given");
  try {
    return inside.read(`/given/${file.name}`, asked);
  } finally {
    python.FS.unmount("/given");
  }
};

const ANSWERS = {
  load,
  read,
  run: ({ asked }) => inside.run(asked),
  start: ({ name }) => inside.starting(name),
  check: ({ name, published }) => inside.checked(name, published),
};

// What ends Python itself, in a sentence.
const WHY = [
  [/call stack/, "It calls itself too deep, and was stopped."],
  [/memory/i, "It takes more memory than the page allows."],
];
const sentence = (error) => {
  const last = String(error.message ?? error).trim().split("\n").pop();
  return WHY.find(([sign]) => sign.test(last))?.[1] ?? `Python stopped: ${last.replace(/\.?$/, ".")}`;
};

self.onmessage = async ({ data }) => {
  try {
    self.postMessage({ id: data.id, answer: await ANSWERS[data.kind](data) });
  } catch (error) {
    self.postMessage({ id: data.id, fault: sentence(error) });
  }
};
