/** The mark: a gantry crane with its load. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#1d232c" />
      <path d="M6 10.5h20M9 10.5V25M23 10.5V25" stroke="#f2a13a" strokeWidth="2.6" strokeLinecap="round" fill="none" />
      <path d="M16 10.5v5" stroke="#f2a13a" strokeWidth="2" />
      <rect x="12" y="15.5" width="8" height="6.5" rx="1.6" fill="#f2a13a" />
    </svg>
  );
}
