/** Says which command signs this browser in, and takes a pasted key. Says plainly when one was refused. */
import { GantryError } from "@gantry/client";
import { Alert, Button, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";

import { CommandLine } from "../app/parts/command-line.tsx";
import { Mark } from "../app/parts/mark.tsx";
import classes from "./sign-in-page.module.css";

/** Why the user is here, if not by choice. */
export interface Reason {
  title: string;
  text: string;
}

interface SignInPageProps {
  reason: Reason | undefined;
  onKey(key: string): Promise<void>;
}

export function SignInPage({ reason, onKey }: SignInPageProps) {
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string>();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const pasted = key.trim();
    if (pasted === "") return setRefused("Paste a key first. The commands below show or make one.");
    setBusy(true);
    setRefused(undefined);
    try {
      await onKey(pasted);
    } catch (error) {
      setRefused(explain(error));
      setBusy(false);
    }
  };

  const message = refused ?? reason?.text;
  return (
    <main className={classes.page}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="lg">
          <div>
            <Mark size={44} />
            <Title order={1} mt="md">
              Sign in to Gantry
            </Title>
            <Text c="dimmed" mt={4} mb="sm">
              In a terminal on the machine that runs it, this opens the page signed in:
            </Text>
            <CommandLine text="npx gantry dashboard" />
          </div>
          {message !== undefined && (
            <Alert
              color="red"
              icon={<IconAlertTriangle size={18} />}
              role="alert"
              title={refused === undefined ? reason?.title : undefined}
            >
              {message}
            </Alert>
          )}
          <PasswordInput
            label="Key"
            description="Or paste one here. It stays in this tab and is forgotten with it."
            placeholder="gantry_…"
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            size="md"
            classNames={{ innerInput: "mono" }}
          />
          <Button type="submit" size="md" loading={busy} fullWidth>
            Sign in
          </Button>
          <div className={classes.help}>
            <Text size="sm" fw={600}>
              Where is my key?
            </Text>
            <Text size="sm" c="dimmed" mb={6}>
              The first one was made when the instance <code>default</code> first started:
            </Text>
            <CommandLine text="cat ~/.local/state/gantry/default/bootstrap.key" />
            <Text size="sm" c="dimmed" mt="sm" mb={6}>
              Or make one for this browser:
            </Text>
            <CommandLine text="npx gantry keys create --role operator my-browser" />
          </div>
        </Stack>
      </form>
    </main>
  );
}

function explain(error: unknown): string {
  if (!(error instanceof GantryError)) return "That is no key: it holds characters that cannot be sent. Copy it again, whole.";
  if (error.code === "unauthenticated") return `${error.message} Check that you copied all of it.`;
  if (error.code === "permissionDenied")
    return "This key may not use the page: its role sees nothing here (role provider). Use another one.";
  return error.message;
}
