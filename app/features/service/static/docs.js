// The page /docs: Swagger UI, made fast for lists, which have a parameter for each operator of each filter, over a
// hundred. Left to itself it takes seconds to open one, and shows `q`, `sort` and `limit` somewhere among them.
"use strict";

/** The field that a parameter filters: `page_count` of `page_count[gte]`. */
const fieldOf = (parameter) => parameter.get("name").split("[", 1)[0];

/**
 * A plugin that folds the parameters of a field into one row that opens, such as "Filters on title (5)".
 *
 * Rows are rendered when their field is opened; those with a value or an error always.
 */
function foldFilters({ React }) {
  const { createContext, createElement, useContext, useMemo, useState } = React;
  const Folds = createContext(null); // of one operation: its parameters by field, and which fields are open

  const withFolds = (Parameters) =>
    function FoldedParameters(props) {
      const [openFields, setOpenFields] = useState({});
      const parametersByField = useMemo(() => props.parameters.groupBy(fieldOf), [props.parameters]);
      const toggle = (field) => setOpenFields((open) => ({ ...open, [field]: !open[field] }));
      const folds = { parametersByField, openFields, toggle };
      return createElement(Folds.Provider, { value: folds }, createElement(Parameters, props));
    };

  const withFold = (ParameterRow) =>
    function FoldedParameterRow(props) {
      const { parametersByField, openFields, toggle } = useContext(Folds);
      const field = fieldOf(props.rawParam);
      const parameters = parametersByField.get(field);
      const row = createElement(ParameterRow, props);
      if (parameters.size === 1) return row;

      const isOpen = Boolean(openFields[field]);
      const isFirst = parameters.first().get("name") === props.rawParam.get("name");
      const isInUse = (props.param.get("value") ?? "") !== "" || props.param.get("errors")?.size > 0;
      const button = { type: "button", "aria-expanded": isOpen, onClick: () => toggle(field) };
      return createElement(
        React.Fragment,
        null,
        isFirst &&
          createElement(
            "tr",
            { className: "fold" },
            createElement(
              "td",
              { colSpan: 2 },
              createElement("button", button, `Filters on ${field} (${parameters.size})`),
            ),
          ),
        (isOpen || isInUse) && row,
      );
    };

  return { wrapComponents: { parameters: withFolds, parameterRow: withFold } };
}

/**
 * A plugin that resolves references within the document, and only those.
 *
 * That of Swagger UI normalizes the whole document each time an operation is opened, and is most of the wait.
 */
function resolveLocally() {
  return {
    fn: {
      resolveSubtree: async (spec, path) => ({
        spec: resolved(path.reduce((node, step) => node?.[step], spec), spec),
        errors: [],
      }),
    },
  };
}

/** A copy of part of a document, without references but those that would lead in a circle. */
function resolved(node, spec, outerReferences = []) {
  if (Array.isArray(node)) return node.map((item) => resolved(item, spec, outerReferences));
  if (node === null || typeof node !== "object") return node;
  const { $ref: reference, ...members } = node;
  if (typeof reference === "string" && !outerReferences.includes(reference)) {
    const steps = reference.replace(/^#\//, "").split("/");
    const target = steps.reduce((value, step) => value[step.replaceAll("~1", "/").replaceAll("~0", "~")], spec);
    return resolved({ ...target, ...members }, spec, [...outerReferences, reference]);
  }
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, resolved(value, spec, outerReferences)]));
}

/** A plugin that looks up what was entered for one parameter; Swagger UI merges it into all of them to find one. */
function lookUpParameters() {
  const withEntry = () => (state, pathMethod, parameter) => {
    const entries = state.getIn(["meta", "paths", ...pathMethod, "parameters"]);
    const key = `${parameter.get("in")}.${parameter.get("name")}`;
    return entries ? parameter.merge(entries.get(key), entries.get(`${key}.hash-${parameter.hashCode()}`)) : parameter;
  };
  return { statePlugins: { spec: { wrapSelectors: { parameterWithMetaByIdentity: withEntry } } } };
}

const container = document.getElementById("swagger-ui");
SwaggerUIBundle({
  domNode: container,
  url: container.dataset.url,
  plugins: [foldFilters, resolveLocally, lookUpParameters],
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
