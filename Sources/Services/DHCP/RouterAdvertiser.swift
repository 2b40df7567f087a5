import Glibc
package import Linux
import Wire

/// Answers boot loaders' router solicitations at once, saying that there is no router: iPXE otherwise waits 13 seconds.
package final class RouterAdvertiser: EventHandler {
    private let socket: FileDescriptor
    private let interface: NetworkInterface

    package init(
        socket: consuming FileDescriptor, interface: NetworkInterface, loop: EventLoop
    ) throws(SystemError) {
        self.socket = socket
        self.interface = interface
        try loop.add(self.socket, self)
    }

    package func ready(_ events: EventLoop.Events) {
        while let message = try? socket.read(atMost: 1_500), !message.isEmpty {
            guard message[0] == RouterAdvertisement.solicitationType, let source = interface.macAddress else {
                continue
            }
            var answer: [UInt8] = []
            RouterAdvertisement(source: source).write(to: &answer)
            Socket.sendToAllNodes(answer, from: socket, interface: interface.index)
        }
    }
}
