// Bundles src/ and three.js into orbit_gym/views/assets/replay.js, and copies the style and the licence: node build.mjs
import fs from "node:fs";
import { build } from "esbuild";

const assets = new URL("../../orbit_gym/views/assets/", import.meta.url);
const source = new URL("src/", import.meta.url);

const three = JSON.parse(fs.readFileSync(new URL("node_modules/three/package.json", import.meta.url)));
await build({
  entryPoints: [new URL("main.js", source).pathname],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  outfile: new URL("replay.js", assets).pathname,
  banner: { js: `/* OrbitGym replay, built from web/replay. Contains three.js ${three.version}, MIT, see LICENSE-three.txt */` },
});
fs.copyFileSync(new URL("node_modules/three/LICENSE", import.meta.url), new URL("LICENSE-three.txt", assets));
console.log(`replay.js ${fs.statSync(new URL("replay.js", assets)).size} bytes`);
