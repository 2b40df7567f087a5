import NIOCore
import Wire

/// Takes the header of the PROXY protocol off the beginning of a proxy's connection, and knows the client that it names.
///
/// States: waiting for the header → handing on. A connection without one ends: nothing tells whose it is.
final class ProxyHeaderHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let admits: (IPAddress, any Channel) -> Bool
    private var received = ByteBuffer()
    private var header: ProxyHeader?

    /// - Parameter admits: whether one more connection of a client may stay.
    init(admits: @escaping (IPAddress, any Channel) -> Bool) { self.admits = admits }

    /// Nil: the proxy speaks for itself.
    var client: IPAddress? { header?.client }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard header == nil else { return context.fireChannelRead(data) }
        received.writeImmutableBuffer(unwrapInboundIn(data))
        do {
            header = try ProxyHeader.read(Array(received.readableBytesView))
        } catch {
            return context.close(promise: nil)
        }
        guard let header else { return }
        if let client = header.client, !admits(client, context.channel) { return context.close(promise: nil) }
        received.moveReaderIndex(forwardBy: header.byteCount)
        if received.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(received)) }
        received = ByteBuffer()
    }
}
