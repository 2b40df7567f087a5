import NIOCore

/// Answers a client that speaks HTTP where HTTPS is expected, in front of the encryption.
///
/// States: waiting for the first byte → passing on, or over. A browser shows «no data» for a connection that is closed without an answer.
final class PlainRequestHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State { case waiting, passing, over }
    private var state = State.waiting

    /// Nothing of the request is in it: a token that was sent here in clear should not be sent again.
    private static let answer: String = {
        let text = "this port is for HTTPS only: begin the address with https://\n"
        return
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: \(text.utf8.count)\r\n"
            + "Connection: close\r\n\r\n" + text
    }()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .passing: return context.fireChannelRead(data)
        case .over: return
        case .waiting: break
        }
        guard let first = unwrapInboundIn(data).readableBytesView.first else { return }
        // A method begins with a capital letter; a handshake with 22 (RFC 8446 §5.1).
        guard (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else {
            state = .passing
            return context.fireChannelRead(data)
        }
        state = .over
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: Self.answer)), promise: nil)
        context.close(promise: nil)
    }
}
