/** The looks of the launcher and its panel. Inside a shadow root, out of reach of the site's styles. */
export const STYLES = `
:host{all:initial!important}
:host,*{box-sizing:border-box}
.launcher,.panel{position:fixed;inset-inline-end:20px;z-index:2147483000}
.launcher{inset-block-end:20px;inline-size:60px;block-size:60px;padding:0;border:1px solid #fff3;border-radius:50%;
background:var(--accent);color:var(--on-accent);box-shadow:0 4px 16px #0004;cursor:pointer;
transition:transform .15s}
.launcher:hover{transform:scale(1.05)}
.launcher:focus-visible{outline:3px solid var(--accent);outline-offset:3px;box-shadow:0 0 0 3px #fff}
svg{display:block;margin:auto;inline-size:28px;block-size:28px;fill:none;stroke:currentColor;stroke-width:2;
stroke-linecap:round;stroke-linejoin:round}
.open .talk,.shut,.ready p,.badge[hidden]{display:none}
.open .shut{display:block}
.badge{position:absolute;inset-block-start:-4px;inset-inline-end:-4px;min-inline-size:22px;padding:0 6px;
border-radius:11px;background:#c5221f;color:#fff;font:700 13px/22px system-ui,sans-serif;text-align:center}
.panel{inset-block-end:92px;inline-size:min(400px,calc(100vw - 40px));block-size:min(660px,calc(100vh - 112px));
border-radius:16px;overflow:hidden;background:#fff;color:#333;box-shadow:0 8px 40px #0005;
visibility:hidden;opacity:0;transform:translateY(12px);transition:opacity .18s,transform .18s,visibility 0s .18s}
.open .panel{visibility:visible;opacity:1;transform:none;transition-delay:0s}
p{position:absolute;inset:0;margin:auto;block-size:fit-content;padding:24px;font:16px/1.5 system-ui,sans-serif;text-align:center}
iframe{position:absolute;inset:0;inline-size:100%;block-size:100%;border:0;opacity:0;color-scheme:normal}
.ready iframe{opacity:1}
@media(max-width:479px){
.panel{inset:0;inset-block-start:var(--top,0);inline-size:100%;block-size:var(--height,100dvh);border-radius:0}
.open.ready .launcher{display:none}}
@media(prefers-color-scheme:dark){.panel{background:#17191c;color:#ddd}}
@media(prefers-reduced-motion:reduce){.launcher,.panel{transition:none}.launcher:hover{transform:none}}
@media print{.launcher,.panel{display:none}}
@media(forced-colors:active){.launcher{border:2px solid ButtonText}.badge{border:1px solid}}
`;
