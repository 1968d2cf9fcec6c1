/** What an event of each method looks like, derived from the specification's tables: a parameter that is added there is one here. */
import type { Method } from '../core/hit.ts'
import type { MethodTable, ParamName, ParamTable, vkMiniAppRequired } from './spec.ts'

/** `['unknown', 'man', 'woman']` becomes `0 | 1 | 2`. */
type CodeOf<Names extends readonly string[]> =
  Exclude<keyof Names, keyof (readonly string[])> extends infer Index
    ? Index extends `${infer Code extends number}`
      ? Code
      : never
    : never

type ValueOf<Spec> = Spec extends { kind: 'number'; codes: infer Names extends readonly string[] }
  ? CodeOf<Names>
  : Spec extends { kind: 'number' }
    ? number
    : Spec extends { kind: 'entries' }
      ? Readonly<Record<string, string>>
      : Spec extends { oneOf: readonly (infer Name)[] }
        ? Name
        : string

type NameOf<M extends Method> = {
  [Name in ParamName]: ParamTable[Name]['platform'] extends 'customEvent' ? (M extends 'customEvent' ? Name : never) : Name
}[ParamName]

type RequiredName<M extends Method, Vk extends boolean> =
  | MethodTable[M]['required'][number]
  | ([Vk] extends [true] ? (typeof vkMiniAppRequired)[number] : never)

type Needed<Name extends ParamName> = { readonly [Each in Name]: ValueOf<ParamTable[Each]> }
type Allowed<Name extends ParamName> = { readonly [Each in Name]?: ValueOf<ParamTable[Each]> | undefined }
type OneOf<Name extends ParamName> = [Name] extends [never] ? unknown : { [Each in Name]: Needed<Each> }[Name]

/** The parameters of one event. `Vk`: the app is on VK Mini Apps, which requires two more. */
export type TrackerEvent<M extends Method, Vk extends boolean = false> = Needed<RequiredName<M, Vk>> &
  Allowed<Exclude<NameOf<M>, RequiredName<M, Vk>>> &
  OneOf<MethodTable[M]['oneRequiredOf'][number]>
