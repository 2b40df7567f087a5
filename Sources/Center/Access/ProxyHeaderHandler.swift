import NIOCore
import Wire

/// Removes the PROXY protocol header from the start of a proxy's connection, and remembers the client in it.
///
/// States: waiting for the header → passing on, or over. A connection without a header is closed: its client is unknown.
final class ProxyHeaderHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let admits: (IPAddress, any Channel) -> Bool
    private var received = ByteBuffer()
    private var header: ProxyHeader?
    private var isOver = false

    /// - Parameter admits: whether one more connection of a client may stay.
    init(admits: @escaping (IPAddress, any Channel) -> Bool) { self.admits = admits }

    /// Nil: the proxy speaks for itself.
    var client: IPAddress? { header?.client }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isOver { return }
        guard header == nil else { return context.fireChannelRead(data) }
        received.writeImmutableBuffer(unwrapInboundIn(data))
        do {
            header = try ProxyHeader.read(Array(received.readableBytesView))
        } catch {
            return end(context)
        }
        guard let header else { return }
        if let client = header.client, !admits(client, context.channel) { return end(context) }
        received.moveReaderIndex(forwardBy: header.byteCount)
        if received.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(received)) }
        received = ByteBuffer()
    }

    /// What is still on its way is not looked at.
    private func end(_ context: ChannelHandlerContext) {
        (isOver, received) = (true, ByteBuffer())
        context.close(promise: nil)
    }
}
