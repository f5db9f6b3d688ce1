// What the node says of a mistake in a policy, in Chinese: the frame of its sentence, and what may stand there.
type Pattern = [RegExp, (...parts: string[]) => string];

const ALLOWED: [RegExp, string][] = [
  [/^a list, like (.+)$/, "列表，如 $1"],
  [/^a list$/, "列表"],
  [/^a map of keys$/, "键值表"],
  [/^true or false$/, "true 或 false"],
  [/^text without control characters$/, "不含控制字符的文字"],
  [/^a whole number from (\S+) to (\S+)$/, "$1 到 $2 的整数"],
  [/^a percentage up to (\S+), like (.+)$/, "不超过 $1 的百分比，如 $2"],
  [/^a (?:duration|time) like (.+) or (.+)$/, "时长，如 $1 或 $2"],
  [/^a (?:duration|time) like (.+)$/, "时长，如 $1"],
  [/^a date like (.+) or an instant like (.+)$/, "日期，如 $1，或时刻，如 $2"],
  [/^a date, or two like (.+)$/, "日期，或两个日期，如 $1"],
  [/^a date like (.+)$/, "日期，如 $1"],
  [/^a time of day like (.+)$/, "时间，如 $1"],
  [/^a priority$/, "一个优先级"],
  [/^the name of a form or a list of words$/, "一种形式的名称，或词的列表"],
  [/^(\S+(?:, \S+)*) or (\S+)$/, "$1 或 $2"],
];
const MET: Record<string, string> = { nothing: "空", "a list": "列表", "a map": "键值表" };
const SORTS: Record<string, string> = {
  key: "键",
  fact: "事实",
  role: "角色",
  priority: "优先级",
  tier: "客户等级",
  threshold: "界限",
  stage: "级",
  calendar: "服务时间",
  clock: "承诺",
  kind: "类别",
  condition: "条件",
  form: "形式",
};

const allowed = (text: string) => {
  for (const [pattern, words] of ALLOWED) if (pattern.test(text)) return text.replace(pattern, words);
  return text;
};
const choice = (text: string) =>
  text
    .replace(/^known: /, "可用：")
    .replace(/^did you mean (.+)\?$/, "您是否想写 $1？")
    .replace("there are none", "一个也没有");
const at = (where: string | undefined) => (where ? `${where}：` : "");

const PATTERNS: Pattern[] = [
  [/^(.+?) must be (.+), not (.+)$/, (where, may, met) => `${where} 应为${allowed(may as string)}，而不是 ${MET[met as string] ?? met}`],
  [
    /^(?:(.+): )?unknown (\w+) (`.*`) \((.+)\)$/,
    (where, what, word, known) => `${at(where)}没有${SORTS[what as string] ?? what} ${word}（${choice(known as string)}）`,
  ],
];

/** Null: there are no words for it. */
export function mistakeInChinese(reason: string): string | null {
  for (const [pattern, say] of PATTERNS) {
    const found = pattern.exec(reason);
    if (found) return say(...found.slice(1));
  }
  return null;
}
