/** The machine-readable form of every listing: one document with a version of its own shape. */
export function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...value }, null, 2)}\n`);
}
