/** About 1 MB as a build prints it: some colour, some longer lines, some UTF-8. */
export function buildOutput(): string {
  const lines = Array.from({ length: 12_000 }, (_, index) => {
    const path = `packages/daemon/src/room-${index % 37}/file-${index % 101}.ts`;
    return `\u001b[2m${String(index).padStart(6)}\u001b[0m \u001b[32m✓\u001b[0m ${path} \u001b[33m${(index * 7919) % 1000} ms\u001b[0m compiled`;
  });
  return `${lines.join("\n")}\n`;
}
