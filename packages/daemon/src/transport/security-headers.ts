/** Headers that limit what a browser may do with an answer; constants, because building them anew cost a fifth of a cheap request. */

/** For everything that is data: nothing in it may be run, framed, sniffed, or read by another site. */
export const dataHeaders = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/** No inline script works and nothing comes from elsewhere; xterm and Mantine need style elements that are made by script. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];

/** For the dashboard and the reference. */
export const pageHeaders = {
  "content-security-policy": pagePolicy.join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};
