import API
import Fleet
import HTTPTypes
import Hummingbird
import NIOCore

extension Request {
    /// The body. Where its length is known, one that is too long is refused before any of it is read.
    func content(upTo byteLimit: Int) async throws -> ByteBuffer {
        let tooLong = Problem(413, "Too large", "the request has more than \(Self.size(byteLimit))")
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > byteLimit { throw tooLong }
        do { return try await body.collect(upTo: byteLimit) } catch is NIOTooManyBytesError { throw tooLong }
    }

    private static func size(_ byteCount: Int) -> String {
        byteCount >= 1 << 20 ? "\(byteCount >> 20) MiB" : "\(byteCount >> 10) KiB"
    }
}
