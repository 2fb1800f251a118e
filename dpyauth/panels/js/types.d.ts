// What the modules of the panels share: what Python sends, what the panels send back, and the parts they are made of.
// These types are known to every module without an import. They are for the type checker; the browser never gets them.

// Elements

type Child = Node | string | null | undefined;
type Children = Child | Children[];

interface ElementProperties {
  class?: string | null;
  onblur?: (event: FocusEvent) => void;
  onclick?: ((event: MouseEvent) => void) | null;
  oninput?: (event: Event) => void;
  onkeydown?: (event: KeyboardEvent) => void;
  onsubmit?: (event: SubmitEvent) => void;
  ontoggle?: (event: Event) => void;
  [attribute: string]: unknown;
}

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

interface KeptState {
  value?: string;
  checked?: boolean;
  open?: boolean;
  top: number;
}

interface KeepsState {
  tagName: string;
  dataset: DOMStringMap;
  scrollTop: number;
  type?: string;
  value?: string;
  checked?: boolean;
  open?: boolean;
  options?: Iterable<{ value: string }>;
}

interface Window {
  __MARIMO_STATIC__?: unknown;
}

// The widget of a panel, as anywidget hands it to `render`

interface WidgetModel<View extends PanelView> {
  get(name: "view"): View;
  get(name: "texts"): Record<string, string>;
  get(name: "still"): string;
  send(message: MessageToPython): void;
  on(name: "change:view" | "change:texts" | "comm_live_update", listener: () => void): void;
  on(name: "msg:custom", listener: (message: MessageFromPython, buffers: DataView[]) => void): void;
  off(name: "change:view" | "change:texts" | "comm_live_update", listener: () => void): void;
  off(name: "msg:custom", listener: (message: MessageFromPython, buffers: DataView[]) => void): void;
  widget_manager?: { get_model?: (id: string) => Promise<{ comm_live?: boolean }> | undefined };
}

interface RenderProps<View extends PanelView> {
  model: WidgetModel<View>;
  el: HTMLElement;
}

interface PanelOptions<View extends PanelView> extends RenderProps<View> {
  label: string;
  body: (view: View) => Children;
  heard?: (message: MessageFromPython, buffers: DataView[]) => void;
  seen?: (view: View) => void;
  reworded?: () => void;
  live?: boolean;
}

type Translate = (key: string, values?: object) => string;

interface Panel {
  id: string;
  t: Translate;
  root: HTMLElement;
  send(message: MessageToPython, answered?: boolean): boolean;
  say(text: string): void;
  find(id: string): HTMLElement | null;
  draw(): void;
  end(): void;
  header(title: string, view: PanelView, beside?: Child): HTMLElement;
  notice(view: PanelView, ...more: Children[]): HTMLElement | null;
  closed(view: PanelView): HTMLElement;
}

// What a panel sends: Python takes it apart in the `handle` of the panel's model

type MessageToPython =
  | { do: "here" }
  | { do: "dismiss" | "reword" }
  | { do: "language"; language: string }
  | { do: "download"; format: string; asked: string }
  // accounts, of the sign-in panel, the card and the switcher
  | { do: "use" | "yes"; loginid: string }
  | { do: "no" | "list" }
  // sign-in
  | ({ do: "sign-in"; token: string } & SignInEntries)
  | ({ do: "browser"; callback: string | null; window: boolean; create_demo?: boolean } & SignInEntries)
  | { do: "sample"; api: string; name: string }
  | { do: "returned"; nonce: string; query: string }
  | { do: "pasted"; address: string }
  | { do: "create-demo" | "cancel" | "sign-out" }
  | { do: "confirm"; nonce?: string; typed?: string }
  // stream
  | { do: "replay" | "keep" }
  // explorer
  | { do: "choose"; call: string }
  | { do: "preview"; call: string; fields: Texts; hidden: string[] }
  | { do: "send"; call: string; fields: Texts }
  // tokens and apps
  | { do: "refresh" }
  | { do: "create"; loginid: string; name: string; scopes: string[]; bound: boolean; asked: string }
  | { do: "revoke"; loginid: string; key: string }
  | { do: "callback"; url: string }
  | { do: "delete" | "withdraw"; loginid: string; app_id: number }
  | { do: "register"; loginid: string; name: string; scopes: string[]; redirect_url: string }
  | { do: "update"; loginid: string; app_id: number; name: string; scopes: string[]; redirect_url: string };

// What Python sends beside `view`: nothing of it is stored with the notebook. Each message has one of these, or few

interface MessageFromPython {
  file?: SentFile;
  browser?: { url: string; nonce: string; automatic: boolean } | null;
  updates?: StreamUpdates;
  preview?: RequestPreview;
  insist?: boolean;
  ask?: ChangeQuestion;
  reply?: CallReply;
  again?: boolean;
  made?: string;
  token?: string;
  asked?: string;
  saved?: boolean;
  fits?: string;
}

interface SentFile {
  asked: string;
  trouble?: string;
  name?: string;
  type?: string;
  size?: string;
  rows?: number;
}

// The views: what each panel shows, as its model says

interface PanelView {
  state: string;
  sandbox: boolean;
  notice: PanelNotice | null;
  ended: string;
  back: string;
}

interface PanelNotice {
  title: string;
  text: string;
  kind: "info" | "error";
  code?: string;
  field?: string;
  api?: string;
  offer?: string;
}

interface AccountInUse {
  loginid: string;
  currency: string;
  kind: string;
  api: string;
  source?: string;
}

interface SiblingAccount {
  loginid: string;
  currency: string;
  kind: string;
  status: string;
  balance: string;
  current: boolean;
}

interface AccountsView extends PanelView {
  accounts: SiblingAccount[];
  asking: string | null;
  busy?: boolean;
  note?: string;
}

interface SwitcherView extends AccountsView {
  hint: string;
}

interface Light {
  tone: string;
  symbol: string;
  text: string;
}

interface CardRow {
  name: string;
  lights: Light[];
  amounts: { name: string; value: string; tone: string }[];
  lines: string[];
  link?: string;
}

interface CardView extends AccountsView {
  account: AccountInUse | null;
  connection: { on: boolean; text: string };
  balance: string;
  no_balance: string;
  rows: CardRow[];
  footnote: string;
}

interface SignInForm {
  api: string;
  title: string;
  app_id: string;
  shared: string;
  registers: boolean;
  names_redirect: boolean;
  open: boolean;
  scope: string;
  apps: string;
  tokens: string;
  account: string;
}

interface SignInEntries {
  api: string;
  app_id: string;
  redirect_url: string;
  remember: boolean;
}

interface SignInView extends AccountsView {
  phase: "form" | "busy" | "browser" | "in" | "closed";
  host: string;
  elsewhere: boolean;
  forms: [SignInForm, ...SignInForm[]];
  kept: string;
  redirect_url: string;
  samples: Record<string, Record<string, string>>;
  account: AccountInUse | null;
  scopes: Light[];
  remember: boolean;
  may_remember: boolean;
  held: string[];
  listening: boolean;
  languages: Record<string, string>;
  language: string;
}

interface StreamView extends PanelView {
  busy: boolean;
  kind: "ticks" | "candles" | "table";
  most: number;
  title: string;
  live: "open" | "reconnecting" | "ended";
  why: string;
  kept: { count: number; at: string } | null;
  files: string[];
}

interface ChartPoint {
  t: number; // seconds since 1970
  p: number[]; // the price; or open, high, low and close
  late?: boolean; // fetched after a break
  gap?: { filled: boolean; text: string }; // what was missed just before
}

interface TableRow {
  cells: string[];
  gap?: string;
}

interface TableColumn {
  label: string;
  number: boolean;
}

interface StreamUpdates {
  count: number;
  anew: boolean;
  points?: ChartPoint[];
  digits?: number;
  rows?: TableRow[];
  columns?: TableColumn[] | null;
}

type Texts = Record<string, string>;

interface CallSummary {
  name: string;
  summary: string;
  locked: "" | "sign_in" | "scope";
  changes: "always" | "sometimes" | "never";
  streams: boolean;
}

interface CallField {
  name: string;
  label: string;
  group: string;
  front: boolean;
  kind: string;
  choices: [value: string, text: string][];
  required: boolean;
  sensitive: boolean;
  nullable: boolean;
  default: string;
  about: string;
  help: string;
}

interface ChosenCall extends CallSummary {
  access: { needs: string; has: string; tone: string };
  effect: string;
  kind: string;
  sends: boolean;
  http: boolean;
  fields: CallField[];
  groups: Texts;
  preview: RequestPreview;
}

interface RequestPreview {
  call: string;
  json: string;
  edit: string;
  python: Texts;
  wrong: Texts;
  doubtful: Texts;
  missing: string[];
}

interface ExplorerView extends PanelView {
  busy: boolean;
  api: string;
  account: AccountInUse | null;
  standing: string;
  calls: CallSummary[];
  call: ChosenCall | null;
}

interface ChangeQuestion {
  nonce: string;
  loginid: string | null;
  typed: string;
  call: string;
  money: boolean;
  json: string;
}

interface CallTrouble {
  title: string;
  text: string;
  unknown: boolean;
  code: string;
  details: string;
  fields: Texts;
}

interface ReplyJson {
  text: string;
  length: number;
  cut: boolean;
}

interface ReplyFrame {
  shape: [rows: number, columns: number];
  columns: string[];
  dtypes: string[];
  numbers: boolean[];
  rows: (string | null)[][];
}

type CallReply =
  | { call: string; trouble: CallTrouble }
  | {
      call: string;
      trouble?: undefined;
      files: string[];
      note: string;
      json: ReplyJson;
      frame: ReplyFrame;
      took: number;
    };

interface AdminView extends PanelView {
  busy: boolean;
  phase: "out" | "closed" | "elsewhere" | "denied" | "list";
  account: AccountInUse | null;
  page?: string;
  loaded: boolean;
  may: boolean;
  advice: string;
  problems: Texts;
  scopes: Texts;
  dangerous: string[];
}

interface TokenRow {
  key: string;
  name: string;
  scopes: string[];
  dangerous: string[];
  own: boolean;
  bound: boolean;
  revocable: boolean;
  last_used: string;
}

interface TokensView extends AdminView {
  tokens: TokenRow[];
  purposes: Record<string, string[]>;
  abilities: Record<string, string[]>;
  hosted: boolean;
}

interface AppRow {
  app_id: number;
  name: string;
  scopes: string[];
  dangerous: string[];
  redirect_url: string;
  active: boolean;
  official: boolean;
  last_used: string;
  own: boolean;
}

interface AppsView extends AdminView {
  registered: AppRow[];
  connected: AppRow[];
  paste: string;
}

// Parts of a request in JSON, as `readJson` returns them

interface JsonPlace {
  at: number;
  end: number;
}

interface JsonWord extends JsonPlace {
  kind: "string" | "number" | "word" | "null";
  value: string;
}

interface JsonList extends JsonPlace {
  kind: "list";
  items: JsonNode[];
}

interface JsonObject extends JsonPlace {
  kind: "object";
  entries: JsonEntry[];
}

type JsonEntry = [name: string, at: number, value: JsonNode];
type JsonNode = JsonWord | JsonList | JsonObject;

interface RequestRead {
  texts: Record<string, string | null>;
  places: Record<string, number>;
}
