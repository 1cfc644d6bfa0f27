/** Every Map, Set and Array on the heap of this thread, private fields and closures included. */
import { Session } from 'node:inspector'

/** What gives the size of one; prototypes of classes that inherit have none. */
const SIZE_OF = {
  Map: 'Object.getOwnPropertyDescriptor(Map.prototype, "size").get.call(one)',
  Set: 'Object.getOwnPropertyDescriptor(Set.prototype, "size").get.call(one)',
  Array: 'one.length',
}

/** Sizes of those that hold more than `least` elements, by what they are, the largest first. */
export function largeCollections(least: number): Record<keyof typeof SIZE_OF, number[]> {
  const session = new Session()
  session.connect()
  try {
    const sizes = (kind: keyof typeof SIZE_OF): number[] =>
      sizesOf(session, kind)
        .filter((size) => size > least)
        .sort((a, b) => b - a)
    // What the look itself makes is arrays, so these come first.
    const arrays = sizes('Array')
    return { Array: arrays, Map: sizes('Map'), Set: sizes('Set') }
  } finally {
    session.disconnect()
  }
}

function sizesOf(session: Session, kind: keyof typeof SIZE_OF): number[] {
  const prototype = ask<{ result: { objectId: string } }>(session, 'Runtime.evaluate', {
    expression: `${kind}.prototype`,
  })
  const { objects } = ask<{ objects: { objectId: string } }>(session, 'Runtime.queryObjects', {
    prototypeObjectId: prototype.result.objectId,
  })
  const { result } = ask<{ result: { value: number[] } }>(session, 'Runtime.callFunctionOn', {
    objectId: objects.objectId,
    functionDeclaration: `function () {
      return this.map((one) => { try { return ${SIZE_OF[kind]} } catch { return 0 } })
    }`,
    returnByValue: true,
  })
  return result.value
}

/** In the thread that is looked at, the answer is there when the call returns. */
function ask<T>(session: Session, method: string, parameters: object): T {
  let answer: T | undefined
  let fault: Error | null = null
  session.post(method, parameters, (error: Error | null, result: unknown) => {
    fault = error
    answer = result as T
  })
  if (fault !== null || answer === undefined) throw new Error(`${method}: ${JSON.stringify(fault)}`)
  return answer
}
