/** What can be done with a schedule: run it now, pause or resume it, change it, delete it. */
import type { Schedule } from "@gantry/contract";
import { ActionIcon, Button, Group, Menu, Modal, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDots, IconPencil, IconPlayerPause, IconPlayerPlay, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { useAccess } from "../access/access.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";

export function ScheduleActions({ schedule, onEdit }: { schedule: Schedule; onEdit: () => void }) {
  const { client, can } = useAccess();
  const queries = useQueryClient();
  const [deleting, remove] = useDisclosure(false);
  const refresh = () => queries.invalidateQueries({ queryKey: ["schedules"] });
  const which = { schedule: schedule.name };
  const trigger = useMutation({ mutationFn: () => client.schedules.trigger(which), onSettled: refresh });
  const turn = useMutation({
    mutationFn: () => (schedule.state === "paused" ? client.schedules.resume(which) : client.schedules.pause(which)),
    onSettled: refresh,
  });
  // What stands in gantry.toml is changed there.
  const changeable = can("executions.control") && schedule.source === "api";
  return (
    <>
      {can("executions.control") && schedule.state !== "finished" && (
        <Button
          variant="default"
          leftSection={schedule.state === "paused" ? <IconPlayerPlay size={16} /> : <IconPlayerPause size={16} />}
          loading={turn.isPending}
          onClick={() => turn.mutate()}
        >
          {schedule.state === "paused" ? "Resume" : "Pause"}
        </Button>
      )}
      {can("executions.run") && (
        <Button leftSection={<IconPlayerPlay size={16} />} loading={trigger.isPending} onClick={() => trigger.mutate()}>
          Run now
        </Button>
      )}
      {changeable && (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size={36} aria-label="More to do">
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconPencil size={16} />} onClick={onEdit}>
              Change
            </Menu.Item>
            <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={remove.open}>
              Delete
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <ProblemAlert error={trigger.error ?? turn.error} />
      <DeleteSchedule schedule={schedule} opened={deleting} onClose={remove.close} />
    </>
  );
}

function DeleteSchedule({ schedule, opened, onClose }: { schedule: Schedule; opened: boolean; onClose: () => void }) {
  const { client } = useAccess();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => client.schedules.delete({ schedule: schedule.name }),
    onSuccess: async () => {
      await navigate({ to: "/schedules" });
      await queries.invalidateQueries({ queryKey: ["schedules", "list"] });
    },
  });
  return (
    <Modal opened={opened} onClose={onClose} title="Delete this schedule?" centered>
      <Stack>
        <Text>
          <strong>{schedule.name}</strong> and its record of ticks are deleted. What it has started goes on and stays in the history.
        </Text>
        <ProblemAlert error={remove.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Keep it
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            Delete
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
