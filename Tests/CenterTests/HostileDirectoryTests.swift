import NIOCore
import NIOPosix
import Testing

@testable import Center

/// A compromised LDAP directory.
@Suite struct HostileDirectoryTests {
    /// Accepts any bind, and answers a search with endless entries (RFC 4511 §4.2, §4.5).
    private final class Endless: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Array(buffer: unwrapInboundIn(data))
            // A sequence of a one-byte number and the operation.
            guard bytes.count > 5 else { return }
            let (number, operation) = (bytes[4], bytes[5])
            if operation == 0x60 {
                let answer: [UInt8] = [
                    0x30, 0x0C, 0x02, 0x01, number, 0x61, 0x07, 0x0A, 0x01, 0, 0x04, 0, 0x04, 0,
                ]
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
            }
            if operation == 0x63 {
                let entry: [UInt8] =
                    [0x30, 0x13, 0x02, 0x01, number, 0x64, 0x0E, 0x04, 0x0A] + Array("uid=x,dc=s".utf8)
                    + [0x30, 0]
                send(ByteBuffer(bytes: Array(repeating: entry, count: 1_000).flatMap(\.self)), context)
            }
        }

        private func send(_ entries: ByteBuffer, _ context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(entries)).assumeIsolated().whenSuccess { [self] in
                send(entries, context)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    @Test func `endless entries are read only until the name is known to be ambiguous`() async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Endless())
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        var settings = LDAPSettings(
            url: "ldap://127.0.0.1:\(listener.localAddress?.port ?? 0)", base: "dc=school")
        settings.usesTLS = false
        let person = try await LDAPDirectory(settings: settings).person(
            name: "x", password: "four random words")
        #expect(person == nil)
        try await listener.close()
    }
}
