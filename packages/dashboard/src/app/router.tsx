/** Addresses of the page. Rooms with weight (terminals) load when they are first visited. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";

import { OverviewPage } from "../instances/overview-page.tsx";
import { ErrorPage } from "./error-page.tsx";
import { NotFoundPage } from "./not-found-page.tsx";
import { Shell } from "./shell.tsx";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });
const child = <const Path extends string>(path: Path) => ({ getParentRoute: () => root, path });

const routes = [
  createRoute({ ...child("/"), component: OverviewPage }),
  createRoute({ ...child("/commands"), component: lazyRouteComponent(() => import("../commands/commands-page.tsx"), "CommandsPage") }),
  createRoute({ ...child("/commands/$name"), component: lazyRouteComponent(() => import("../commands/command-page.tsx"), "CommandPage") }),
  createRoute({
    ...child("/executions"),
    validateSearch: (search: Record<string, unknown>): { command?: string; state?: string } => ({
      ...(typeof search["command"] === "string" ? { command: search["command"] } : {}),
      ...(typeof search["state"] === "string" ? { state: search["state"] } : {}),
    }),
    component: lazyRouteComponent(() => import("../executions/executions-page.tsx"), "ExecutionsPage"),
  }),
  createRoute({
    ...child("/executions/$id"),
    component: lazyRouteComponent(() => import("../executions/execution-page.tsx"), "ExecutionPage"),
  }),
  createRoute({ ...child("/schedules"), component: lazyRouteComponent(() => import("../schedules/schedules-page.tsx"), "SchedulesPage") }),
  createRoute({
    ...child("/schedules/$name"),
    component: lazyRouteComponent(() => import("../schedules/schedule-page.tsx"), "SchedulePage"),
  }),
  createRoute({ ...child("/batches"), component: lazyRouteComponent(() => import("../batches/batches-page.tsx"), "BatchesPage") }),
  createRoute({ ...child("/batches/$id"), component: lazyRouteComponent(() => import("../batches/batch-page.tsx"), "BatchPage") }),
  createRoute({ ...child("/sessions"), component: lazyRouteComponent(() => import("../sessions/sessions-page.tsx"), "SessionsPage") }),
  createRoute({
    ...child("/sessions/$id"),
    component: lazyRouteComponent(() => import("../sessions/terminals-page.tsx"), "TerminalsPage"),
  }),
  createRoute({ ...child("/providers"), component: lazyRouteComponent(() => import("../providers/providers-page.tsx"), "ProvidersPage") }),
  createRoute({
    ...child("/providers/$name"),
    component: lazyRouteComponent(() => import("../providers/provider-page.tsx"), "ProviderPage"),
  }),
  createRoute({ ...child("/keys"), component: lazyRouteComponent(() => import("../access/keys-page.tsx"), "KeysPage") }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: "/ui",
  defaultPreload: "intent",
  defaultErrorComponent: ErrorPage,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
