/** Requests of the Responses API said as chats. */
import { GantryError } from "@gantry/contract";
import { expect, test } from "vitest";

import { toChatBody } from "./responses-request.ts";

test("instructions, items, tools, format, and limits find their counterparts; the rest passes through", () => {
  const body = {
    model: "m",
    instructions: "be brief",
    input: [
      { role: "developer", content: "rules" },
      {
        role: "user",
        content: [
          { type: "input_text", text: "look" },
          { type: "input_image", image_url: "data:x", detail: "low" },
        ],
      },
      { type: "reasoning", id: "r", summary: [] },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "calling" }] },
      { type: "function_call", call_id: "c1", name: "f", arguments: "{}" },
      { type: "function_call", call_id: "c2", name: "g", arguments: "{}" },
      { type: "function_call_output", call_id: "c1", output: "1" },
    ],
    tools: [{ type: "function", name: "f", description: "d", parameters: { type: "object" }, strict: true }],
    tool_choice: { type: "function", name: "f" },
    text: { format: { type: "json_schema", name: "s", schema: {}, strict: true } },
    reasoning: { effort: "low" },
    max_output_tokens: 9,
    temperature: 0.5,
    odd: { kept: true },
    store: true,
    stream: true,
  };
  expect(toChatBody(body)).toEqual({
    model: "m",
    messages: [
      { role: "system", content: "be brief" },
      { role: "system", content: "rules" },
      {
        role: "user",
        content: [
          { type: "text", text: "look" },
          { type: "image_url", image_url: { url: "data:x", detail: "low" } },
        ],
      },
      {
        role: "assistant",
        content: "calling",
        tool_calls: [
          { id: "c1", type: "function", function: { name: "f", arguments: "{}" } },
          { id: "c2", type: "function", function: { name: "g", arguments: "{}" } },
        ],
      },
      { role: "tool", tool_call_id: "c1", content: "1" },
    ],
    tools: [{ type: "function", function: { name: "f", description: "d", parameters: { type: "object" }, strict: true } }],
    tool_choice: { type: "function", function: { name: "f" } },
    response_format: { type: "json_schema", json_schema: { name: "s", schema: {}, strict: true } },
    reasoning_effort: "low",
    max_tokens: 9,
    temperature: 0.5,
    odd: { kept: true },
    stream: true,
  });
});

test("tools that only OpenAI runs are left out, and a choice without tools with them", () => {
  const tools = [{ type: "web_search" }, { type: "function", name: "f", parameters: {} }, { type: "namespace", name: "n" }];
  expect(toChatBody({ model: "m", input: "x", tools, tool_choice: "auto" })).toMatchObject({
    tools: [{ function: { name: "f" } }],
    tool_choice: "auto",
  });
  const without = toChatBody({ model: "m", input: "x", tools: [{ type: "web_search" }], tool_choice: "auto" });
  expect([without["tools"], without["tool_choice"]]).toEqual([undefined, undefined]);
});

test.each([
  ["previous_response_id", { input: "x", previous_response_id: "resp_1" }],
  ["conversation", { input: "x", conversation: "conv_1" }],
  ["background", { input: "x", background: true }],
  ["input[0]", { input: [{ type: "item_reference", id: "i" }] }],
  ["input[0].content[0]", { input: [{ role: "user", content: [{ type: "input_image", file_id: "f" }] }] }],
  ["tool_choice", { input: "x", tools: [{ type: "web_search" }], tool_choice: "required" }],
  ["tool_choice", { input: "x", tools: [{ type: "web_search" }], tool_choice: { type: "web_search" } }],
])("%s without a counterpart is refused by name", (param, body) => {
  let error: unknown;
  try {
    toChatBody({ model: "m", ...body });
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(GantryError);
  expect(error).toMatchObject({ code: "invalidArgument", details: { param } });
});
