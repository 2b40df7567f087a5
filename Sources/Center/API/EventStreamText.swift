import API
import Foundation
import NIOCore

/// One message of an event stream (HTML Living Standard §9.2): its fields are lines, and nothing in them can begin another one.
struct EventStreamText {
    let buffer: ByteBuffer

    /// A sign of life, which no listener hears of.
    static let pulse = Self(buffer: ByteBuffer(string: ": pulse\n\n"))

    private init(buffer: ByteBuffer) { self.buffer = buffer }

    /// - Parameters:
    ///   - number: nil where a listener cannot go on from it.
    ///   - json: what JSON encoders make holds no end of a line.
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
