/** What one can do with the session shown: take control, interrupt, end it, search. */
import type { SessionDetail } from "@gantry/contract";
import { ActionIcon, Button, Group, Menu, Modal, Stack, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDotsVertical, IconHandStop, IconMessages, IconMovie, IconSearch, IconTerminal, IconX } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";

import { useAccess } from "../access/access.tsx";
import { plural } from "../app/parts/format.ts";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { nameOf } from "./session-name.ts";
import classes from "./terminal-bar.module.css";
import type { TerminalStatus } from "./use-terminal.ts";

interface TerminalBarProps {
  id: string;
  /** Once it is known. */
  session: SessionDetail | undefined;
  status: TerminalStatus;
  /** Its recording is shown in place of the terminal. */
  replaying: boolean;
  onReplay(): void;
  /** The agent's prompts are shown beside it. */
  prompting: boolean;
  onPrompts(): void;
  onTakeControl(): void;
  onSearch(): void;
  /** Back to typing. */
  onFocus(): void;
}

/** A shell takes commands, and nobody waits for those. */
export function takesPrompts({ agent, queuedPrompts }: SessionDetail): boolean {
  return agent?.kind === "agent" || queuedPrompts > 0;
}

export function TerminalBar(props: TerminalBarProps) {
  const { id, session: data, status, replaying, onReplay, prompting, onPrompts, onTakeControl, onSearch, onFocus } = props;
  const { client, can } = useAccess();
  const [ending, end] = useDisclosure(false);
  const interrupt = useMutation({ mutationFn: () => client.sessions.interrupt({ id }) });
  const kill = useMutation({ mutationFn: () => client.sessions.kill({ id }), onSuccess: end.close });
  const live = status.exit === undefined && status.connection !== "closed";
  const may = can("sessions.control") && live;
  const { controller, viewers, cols, rows } = status;

  return (
    <div className={classes.bar}>
      <Text size="sm" className={`mono ${classes.command}`} title={data?.argv.join(" ")}>
        {data === undefined ? id : data.title !== "" && data.title !== nameOf(data) ? data.title : data.argv.join(" ")}
      </Text>
      <Group gap={6} wrap="nowrap">
        {live && cols > 0 && (
          <Text size="xs" c="dimmed" className={`number ${classes.size}`} title="Columns × rows, as the one in control has them">
            {cols}×{rows}
          </Text>
        )}
        {live && viewers > 1 && (
          <Text size="xs" c="dimmed" className="number">
            {viewers} viewers
          </Text>
        )}
        {live && !controller && may && !status.readOnly && (
          <Button size="compact-sm" onClick={onTakeControl}>
            Take control
          </Button>
        )}
        {live && (
          <Text size="xs" className={classes.role} data-controller={controller}>
            {controller ? "In control" : "Watching"}
          </Text>
        )}
        {data !== undefined && takesPrompts(data) && (
          <Button
            size="compact-sm"
            variant={prompting ? "light" : "default"}
            leftSection={<IconMessages size={15} />}
            rightSection={data.queuedPrompts > 0 && <span className="number">{data.queuedPrompts}</span>}
            onClick={onPrompts}
            aria-pressed={prompting}
            title={data.queuedPrompts > 0 ? `${plural(data.queuedPrompts, "prompt")} waiting` : "What the agent was given, and what waits"}
          >
            Prompts
          </Button>
        )}
        {(data?.recording === true || replaying) && (
          <Tooltip label={replaying ? "Back to the terminal" : "Play the recording"}>
            <ActionIcon
              variant={replaying ? "light" : "subtle"}
              color={replaying ? undefined : "gray"}
              onClick={onReplay}
              aria-label="Recording"
              aria-pressed={replaying}
            >
              <IconMovie size={17} />
            </ActionIcon>
          </Tooltip>
        )}
        <Tooltip label="Search the scrollback (Ctrl Shift F)">
          <ActionIcon variant="subtle" color="gray" onClick={onSearch} disabled={replaying} aria-label="Search the scrollback">
            <IconSearch size={17} />
          </ActionIcon>
        </Tooltip>
        {may && (
          <Menu position="bottom-end" width={240} transitionProps={{ onExited: onFocus }}>
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label="More for this session">
                <IconDotsVertical size={17} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconHandStop size={16} />} onClick={() => interrupt.mutate()}>
                Interrupt (Ctrl-C)
              </Menu.Item>
              <Menu.Item
                leftSection={<IconTerminal size={16} />}
                onClick={() => void navigator.clipboard.writeText(`gantry attach ${data?.name ?? id}`)}
              >
                Copy “gantry attach …”
              </Menu.Item>
              <Menu.Divider />
              <Menu.Item color="red" leftSection={<IconX size={16} />} onClick={end.open}>
                End the session…
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
      <Modal
        opened={ending || interrupt.isError}
        onClose={interrupt.isError ? interrupt.reset : end.close}
        title={interrupt.isError ? "It was not interrupted" : "End this session?"}
        centered
      >
        <Stack>
          {interrupt.isError ? (
            <ProblemAlert error={interrupt.error} />
          ) : (
            <>
              <Text>
                The program and everything it started are hung up, then told to terminate, then killed. Unsaved work in it is lost.
              </Text>
              <ProblemAlert error={kill.error} />
              <Group justify="flex-end">
                <Button variant="default" onClick={end.close}>
                  Keep it
                </Button>
                <Button color="red" loading={kill.isPending} onClick={() => kill.mutate()}>
                  End it
                </Button>
              </Group>
            </>
          )}
        </Stack>
      </Modal>
    </div>
  );
}
