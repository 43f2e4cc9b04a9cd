// Notes what the committed files were built from: bundle.sha256, in the form of sha256sum; a test and `sha256sum -c` read it.
import crypto from "node:crypto";
import fs from "node:fs";

const SOURCES = ["build.mjs", "coastlines.mjs", "package-lock.json", "package.json", "sums.mjs"];
const BUILT = ["replay.js", "coastlines.json", "LICENSE-three.txt"];
const names = [...SOURCES, ...fs.readdirSync("src").sort().map((name) => `src/${name}`), ...BUILT.map((name) => `../../orbit_gym/views/assets/${name}`)];
const sum = (name) => crypto.createHash("sha256").update(fs.readFileSync(name)).digest("hex");
fs.writeFileSync("bundle.sha256", names.map((name) => `${sum(name)}  ${name}\n`).join(""));
