/** The page: sign in first, then the shell with its rooms. */
import { GantryError } from "@gantry/client";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";

import { type Access, AccessProvider, signIn } from "../access/access.tsx";
import { forgetKey, keepKey, readKey } from "../access/credential.ts";
import { SignInPage } from "../access/sign-in-page.tsx";
import { EventFeedProvider } from "./event-feed.tsx";
import { createQueryClient } from "./query-client.ts";
import { router } from "./router.tsx";
import { cssVariables, theme } from "./theme.ts";

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <SignedIn />
    </MantineProvider>
  );
}

const retryMs = 1_000;

type Signed = Awaited<ReturnType<typeof signIn>>;

function SignedIn() {
  const [signed, setSigned] = useState<Signed>();
  const [reason, setReason] = useState<string>();
  const [checking, setChecking] = useState(() => readKey() !== undefined);

  const signOut = useCallback((why?: string) => {
    forgetKey();
    setSigned(undefined);
    setReason(why);
  }, []);
  const queryClient = useMemo(() => createQueryClient(signOut), [signOut]);
  const access = useMemo<Access | undefined>(() => signed && { ...signed, signOut }, [signed, signOut]);

  const onKey = useCallback(
    async (key: string) => {
      const next = await signIn(key);
      keepKey(key);
      // What another key saw must not be shown to this one.
      queryClient.clear();
      setReason(undefined);
      setSigned(next);
    },
    [queryClient],
  );

  useEffect(() => {
    const kept = readKey();
    if (kept === undefined) return undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const attempt = () =>
      void onKey(kept).then(
        () => setChecking(false),
        (error: Error) => {
          // A daemon that is just starting must not cost the user the key.
          if (error instanceof GantryError && error.retryable) {
            retry = setTimeout(attempt, retryMs);
            return;
          }
          signOut(error.message);
          setChecking(false);
        },
      );
    attempt();
    return () => clearTimeout(retry);
  }, [onKey, signOut]);

  if (checking) return null;
  if (access === undefined) return <SignInPage reason={reason} onKey={onKey} />;
  return (
    <QueryClientProvider client={queryClient}>
      <AccessProvider value={access}>
        <EventFeedProvider>
          <RouterProvider router={router} />
        </EventFeedProvider>
      </AccessProvider>
    </QueryClientProvider>
  );
}
