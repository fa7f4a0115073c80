/** Notices scripts that run although they should not, and pages into which something was put. */
import type { BrowserContext, Frame, Page } from "@playwright/test";

/** What the pages of a context have done. */
export class Watch {
  /** The numbers of the payloads that ran. */
  readonly ran = new Set<number>();
  /** What else gives a hole away: dialogs, violated policies, requests that only markup makes. */
  readonly signs: string[] = [];

  static async over(context: BrowserContext): Promise<Watch> {
    const watch = new Watch();
    await context.exposeFunction("x", (number: number) => void watch.ran.add(number));
    await context.exposeFunction("sayViolation", (text: string) => void watch.signs.push(text));
    await context.addInitScript(() => {
      const told = window as unknown as { sayViolation: (text: string) => void };
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
        told.sayViolation(`${violatedDirective}: ${blockedURI}`);
      });
    });
    context.on("page", (page) => {
      page.on("dialog", (dialog) => {
        watch.signs.push(`a dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
    });
    context.on("request", (request) => {
      if (/\/x$|^x:|^mxc:|^javascript:|shop\.example/.test(request.url())) watch.signs.push(`asked for ${request.url()}`);
    });
    return watch;
  }
}

/** Markup in a page that could run a script or load something: elements, handlers, addresses. */
export async function suspicious(where: Page | Frame, root: string): Promise<string[]> {
  return await where.evaluate((root) => {
    const bad = new Set<string>();
    const never =
      "script,iframe,object,embed,link,style,base,meta,form[action],math,image,video,audio,marquee,animate,set,use,foreignObject";
    for (const top of document.querySelectorAll(root)) {
      for (const element of top.querySelectorAll(never)) bad.add(element.outerHTML);
      for (const element of top.querySelectorAll("*")) {
        for (const { name, value } of element.attributes) {
          const address = /^(href|src|action|formaction|data|srcdoc|xlink:href|poster|background)$/.test(name);
          if (name.startsWith("on") || (address && !/^(https?:|mailto:|blob:|#|\/)/.test(value))) {
            bad.add(`${element.tagName} ${name}=${value}`);
          }
        }
      }
    }
    return [...bad];
  }, root);
}

/** Shows markup as careless software would, each in a frame of its own, so that what can run does. */
export async function showCarelessly(page: Page, markups: string[]): Promise<void> {
  const address = "http://careless.example/";
  await page.route("**/*", (route) =>
    route.request().url() === address
      ? route.fulfill({ contentType: "text/html", body: "<!doctype html><body></body>" })
      : route.abort(),
  );
  await page.goto(address);
  for (let from = 0; from < markups.length; from += 25) {
    await page.evaluate(async (group) => {
      const frames = group.map((markup) => {
        const frame = document.createElement("iframe");
        frame.srcdoc = `<!doctype html><body>${markup}`;
        return frame;
      });
      const loaded = frames.map((frame) => new Promise((resolve) => (frame.onload = resolve)));
      document.body.replaceChildren(...frames);
      await Promise.all(loaded);
      // Handlers of images and animations come with the next pictures.
      const next = () => new Promise((resolve) => requestAnimationFrame(resolve));
      for (let n = 0; n < 5; n += 1) await next();
    }, markups.slice(from, from + 25));
  }
}
