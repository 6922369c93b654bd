/** The providers room's operations. */
import {
  GantryError,
  type ProviderDetail,
  type ProviderInstanceInfo,
  type providerOperations,
  type ProviderSummary,
} from "@gantry/contract";

import type { CallContext, Caller } from "../core/caller.ts";
import type { Handlers } from "../core/handlers.ts";
import type { CallRequest } from "./call.ts";
import { invokeOnce, invokeStream, oneRoute } from "./invoke.ts";
import type { ProvidersService } from "./service.ts";

export function createProvidersHandlers(service: ProvidersService): Handlers<typeof providerOperations> {
  const invoke = ({ input, ...given }: CallRequest & { input?: "stream" | undefined }, { signal, wantsStream, items }: CallContext) => {
    if (input !== undefined && items === undefined) throw noItems();
    const request = { ...given, hasInput: items !== undefined };
    return wantsStream ? invokeStream(service.calls, request, signal, items) : invokeOnce(service.calls, request, signal, items);
  };

  return {
    list({ limit, cursor, kind, state }, { caller }) {
      const all = service
        .list()
        .filter((provider) => (kind === undefined || provider.kind === kind) && (state === undefined || provider.state === state));
      // The cursor is the last name of the page before: names are unique and sorted.
      const rest = cursor === undefined ? all : all.filter((provider) => provider.name > cursor);
      const items = rest.slice(0, limit).map((provider) => permitted(provider, caller));
      const last = items.at(-1);
      return rest.length > items.length && last ? { items, nextCursor: last.name } : { items };
    },
    get: ({ name }, { caller }) => permitted(service.get(name), caller),
    models: () => ({ items: service.models() }),
    capabilities: () => ({ items: service.capabilities() }),
    health: ({ name, timeoutMs }) => service.health(name, timeoutMs),
    invoke: ({ name, ...call }, context) => invoke({ ...call, route: { provider: name }, owner: context.caller.keyId }, context),
    invokeAny({ model, capability, method, params, ...call }, context) {
      const route = oneRoute(model, capability);
      const request = {
        ...call,
        route,
        method: method ?? ("model" in route ? "chat" : route.capability),
        params: "model" in route ? withModel(params, route.model) : params,
        owner: context.caller.keyId,
      };
      return invoke(request, context);
    },
    cancelCall: ({ id, reason }, { caller }) => ({ callId: id, cancelled: service.cancelCall(id, reason, caller) }),
    restart: async ({ name, instance, deadlineMs }) => ({ name, instances: await service.restart(name, instance, deadlineMs) }),
    drain: ({ name, instance, deadlineMs, reason }) => service.drain(name, instance, { deadlineMs, reason }),
  };
}

function noItems(): GantryError {
  return new GantryError(
    "invalidArgument",
    'input: "stream" says that items follow, but this request has no place for them. Send it as application/x-ndjson: the request as the first line, then one item a line. Nothing was sent.',
  );
}

/** What a program prints, and what others' calls failed with, goes with the right to read the configuration. */
function permitted<View extends Pick<ProviderSummary, "supervision"> | ProviderDetail>(view: View, caller: Caller): View {
  if (caller.permissions.has("config.read")) return view;
  return {
    ...view,
    ...(view.supervision === undefined ? {} : { supervision: view.supervision.map(({ stderr: _withheld, ...rest }) => rest) }),
    ...("instances" in view && Array.isArray(view.instances) ? { instances: view.instances.map(withoutMessages) } : {}),
  };
}

function withoutMessages(instance: ProviderInstanceInfo): ProviderInstanceInfo {
  return {
    ...instance,
    breakers: instance.breakers.map(({ lastError, ...rest }) =>
      lastError === undefined ? rest : { ...rest, lastError: lastError.slice(0, lastError.indexOf(":")) },
    ),
  };
}

/** A provider of several models must hear which one is meant. */
function withModel(params: unknown, model: string): unknown {
  if (params === undefined) return { model };
  if (typeof params !== "object" || params === null || Array.isArray(params) || "model" in params) return params;
  return { ...params, model };
}
