import tseslint from "typescript-eslint";

const noMarkup = "Show text with text nodes or Preact elements: nothing here may parse markup.";
const sinks = ["innerHTML", "outerHTML", "srcdoc"].map((property) => ({ property, message: noMarkup }));

export default tseslint.config(
  { ignores: ["**/dist/", "shared/src/wire.ts"] },
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: "error",
      "no-eval": "error",
      "no-console": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "no-restricted-properties": [
        "error",
        ...sinks,
        { property: "insertAdjacentHTML", message: noMarkup },
        { property: "createContextualFragment", message: noMarkup },
        { object: "document", property: "write", message: noMarkup },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: noMarkup },
        { selector: "Property[key.name='dangerouslySetInnerHTML']", message: noMarkup },
        {
          selector: "JSXAttribute[name.name='style']",
          message: "The page's policy forbids style attributes: use a class.",
        },
      ],
    },
  },
);
