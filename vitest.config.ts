import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Two cores: more processes only make real daemons and browsers wait for each other.
    maxWorkers: 2,
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: [
            "packages/*/src/**/*.test.ts",
            "test/architecture/*.test.ts",
            "test/*.test.ts",
            "benchmarks/**/*.test.ts",
            "scripts/**/*.test.ts",
          ],
        },
      },
      { extends: true, test: { name: "e2e", include: ["test/e2e/**/*.test.ts"], testTimeout: 60_000 } },
      { extends: true, test: { name: "faults", include: ["test/faults/**/*.test.ts"], testTimeout: 120_000 } },
    ],
  },
});
