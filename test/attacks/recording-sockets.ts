/** Sockets to authorities that note where questions leave from, and answer them on the spot. */
import type { OutgoingQuestion, QuestionSockets } from '../../src/native/question-sockets.ts'
import type { UdpBackend } from '../../src/native/udp-socket.ts'

/**
 * A way to such sockets.
 *
 * @param answer the reply, or undefined: nobody listens there
 */
export function recordingSockets(
  answer: (question: OutgoingQuestion) => Uint8Array | undefined,
): Pick<UdpBackend, 'questions'> {
  const sockets: QuestionSockets = {
    ask(question, handler) {
      const reply = answer(question)
      queueMicrotask(() => {
        if (reply === undefined) handler.onError('ECONNREFUSED')
        else {
          handler.onSent()
          handler.onDatagram(reply, false)
        }
      })
      return { look: () => true, close: () => {} }
    },
    close: () => {},
  }
  return { questions: () => sockets }
}
