// Preloaded by the npm scripts, in plain JavaScript that old versions of Node can run: they cannot load the TypeScript that comes after.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `This needs Node 24.12 or newer and this is ${process.versions.node}: run "npm ci", which brings Node 26 into node_modules, and start it through npm.\n`,
  );
  process.exit(78);
}
