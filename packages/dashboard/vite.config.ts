/** Builds the page into dist, which the daemon serves under /ui/. */
import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";

const daemonUrl = loadEnv("", ".", "GANTRY_")["GANTRY_URL"] ?? "http://127.0.0.1:8765";

export default defineConfig({
  base: "/ui/",
  plugins: [react()],
  build: {
    // The first that know light-dark(); lowering it loses the theme switch.
    target: ["chrome123", "firefox120", "safari17.5"],
    // The daemon serves these names as immutable, so each must carry its hash; and the policy forbids what inlining would need.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules[\\/](?:react|react-dom|scheduler)[\\/]/ },
            { name: "mantine", test: /node_modules[\\/](?:@mantine|@floating-ui|react-remove-scroll|react-number-format|tabbable)[\\/]/ },
            // Together, because chunks run whole: the setting must come between zod and the contract's schemas.
            { name: "contract", test: /node_modules[\\/]zod[\\/]|packages[\\/](?:contract|client)[\\/]|without-eval/ },
          ],
        },
      },
    },
  },
  // `npm run dev` shows the page of a running daemon, whose gate accepts only its own Host and Origin.
  server: {
    proxy: { "^/(?!ui/)": { target: daemonUrl, changeOrigin: true, ws: true, headers: { origin: daemonUrl } } },
  },
});
