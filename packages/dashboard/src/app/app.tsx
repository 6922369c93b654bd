/** The page: sign in first, then the shell with its rooms. */
import { type Credential, GantryError } from "@gantry/client";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";

import { type Access, AccessProvider, signIn } from "../access/access.tsx";
import { forgetCredential, keepCredential, readCredential } from "../access/credential.ts";
import { endLogin, redeem, takeCode } from "../access/login.ts";
import { type Reason, SignInPage } from "../access/sign-in-page.tsx";
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

/** Once, before anything is drawn: the address must not keep it, and it is good for one exchange only. */
const arrivedCode = takeCode();
const arrived = arrivedCode === undefined ? undefined : redeem(arrivedCode);
arrived?.catch(() => undefined);

type Signed = Awaited<ReturnType<typeof signIn>>;

function SignedIn() {
  const [signed, setSigned] = useState<Signed>();
  const [reason, setReason] = useState<Reason>();
  const [checking, setChecking] = useState(() => arrived !== undefined || readCredential() !== undefined);

  const signOut = useCallback(
    (why?: string) => {
      const credential = signed?.credential ?? readCredential();
      if (credential !== undefined) {
        forgetCredential(credential);
        // By the user's own wish: what was revoked has ended already.
        if (why === undefined) void endLogin(credential);
      }
      setSigned(undefined);
      setReason(why === undefined ? undefined : { title: "You were signed out", text: why });
    },
    [signed],
  );
  const queryClient = useMemo(() => createQueryClient(signOut), [signOut]);
  const access = useMemo<Access | undefined>(() => signed && { ...signed, signOut }, [signed, signOut]);

  const onCredential = useCallback(async (credential: Credential) => {
    const next = await signIn(credential);
    keepCredential(credential);
    setReason(undefined);
    setSigned(next);
  }, []);

  useEffect(() => {
    let retry: ReturnType<typeof setTimeout> | undefined;
    const attempt = (find: () => Promise<Credential | undefined>) => {
      const enter = async () => {
        const credential = await find();
        if (credential !== undefined) await onCredential(credential);
      };
      enter().then(
        () => setChecking(false),
        (error: Error) => {
          // A daemon that is just starting must not cost the user the credential.
          if (error instanceof GantryError && error.retryable) {
            retry = setTimeout(attempt, retryMs, find);
            return;
          }
          const kept = readCredential();
          if (kept !== undefined) forgetCredential(kept);
          setReason({ title: arrived === undefined ? "You were signed out" : "This link did not sign you in", text: error.message });
          setChecking(false);
        },
      );
    };
    // A link that is spent does no harm to somebody who is signed in anyway.
    attempt(async () => (await arrived?.catch((error: unknown) => orThrow(readCredential(), error))) ?? readCredential());
    return () => clearTimeout(retry);
  }, [onCredential]);

  if (checking) return null;
  if (access === undefined) return <SignInPage reason={reason} onKey={(key) => onCredential({ key })} />;
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

function orThrow<Value>(value: Value | undefined, error: unknown): Value {
  if (value === undefined) throw error;
  return value;
}
