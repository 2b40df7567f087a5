import API
import Fleet
import Foundation
import Hummingbird
import NIOCore

/// One message of an event stream (HTML Living Standard §9.2): its fields are lines, and no content can start another one.
struct EventStreamText {
    let buffer: ByteBuffer

    /// A keep-alive comment that listeners do not see.
    static let pulse = Self(buffer: ByteBuffer(string: ": pulse\n\n"))

    private init(buffer: ByteBuffer) { self.buffer = buffer }

    /// - Parameters:
    ///   - number: nil when a listener cannot resume from it.
    ///   - json: from a JSON encoder, so it contains no line break.
    init(_ kind: ServerEvent.Kind, number: Int? = nil, json: Data) {
        var buffer = ByteBuffer()
        if let number { buffer.writeString("id: \(number)\n") }
        buffer.writeString("event: \(kind.rawValue)\n")
        for line in json.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            buffer.writeString("data: ")
            buffer.writeBytes(line)
            buffer.writeString("\n")
        }
        buffer.writeString("\n")
        self.buffer = buffer
    }
}

extension Response {
    /// Messages as they come. No cache keeps them, and no proxy waits for more of them.
    static func eventStream<Messages: AsyncSequence & Sendable>(_ messages: Messages) -> Response
    where Messages.Element == ByteBuffer {
        Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream", .cacheControl: "no-store, no-transform",
                .accelBuffering: "no",
            ],
            body: ResponseBody(asyncSequence: messages))
    }
}
