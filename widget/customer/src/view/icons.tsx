/** The pictures, drawn with the colour of the text around them. */

function Icon({ path, wide = false }: { path: string; wide?: boolean }) {
  return (
    <svg class={wide ? "icon wide" : "icon"} viewBox={wide ? "0 0 30 24" : "0 0 24 24"} aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

export const Clock = () => <Icon path="M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z" />;
export const Tick = () => <Icon path="M5 13l4 4L19 7" />;
export const TwoTicks = () => <Icon wide path="M2 13l4.5 4.5L16 7M13.3 16.3l1.2 1.2L24 7" />;
export const Warning = () => <Icon path="M12 8v5M12 16.5v.5M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z" />;
export const Down = () => <Icon path="M6 9l6 6 6-6" />;
export const Arrow = () => <Icon path="M12 5v14M6 13l6 6 6-6" />;
export const Clip = () => (
  <Icon path="M20 11.5l-8.2 8.2a5 5 0 0 1-7.1-7.1l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4l7.8-7.8" />
);
export const Cross = () => <Icon path="M6 6l12 12M18 6L6 18" />;
export const Page = () => <Icon path="M6 3h8l4 4v14H6ZM14 3v4h4" />;
export const Plane = () => <Icon path="M12 19V5M5 12l7-7 7 7" />;
export const Dots = () => <Icon path="M5 12h.01M12 12h.01M19 12h.01" />;
export const ReplyArrow = () => <Icon path="M10 7l-5 5 5 5M5 12h9a5 5 0 0 1 5 5v1" />;
export const Pencil = () => <Icon path="M4 20l1-4L16 5l3 3L8 19l-4 1ZM14 7l3 3" />;
export const Bin = () => <Icon path="M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13" />;
