import Linux
import Testing
import Wire

@testable import Services

@Suite struct DatagramQueueTests {
    /// Sent together or not, datagrams arrive unchanged and separate.
    @Test func `datagrams of many sizes to two peers arrive whole`() throws {
        let sender = try Socket.datagram(.loopback, port: 0)
        let receivers = [try Receiver(), try Receiver()]
        var queue = DatagramQueue()
        var expected: [[[UInt8]]] = [[], []]
        for number in 0..<400 {
            let byteCount = number % 50 == 7 ? 3 : number % 9 == 0 ? 500 : 300
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: byteCount)
            let peer = number % 3 == 0 ? 1 : 0
            queue.append(
                bytes,
                DatagramQueue.Path(address: .loopback, port: try receivers[peer].port(), source: .loopback))
            expected[peer].append(bytes)
        }
        queue.send(from: sender)
        for (receiver, expected) in zip(receivers, expected) {
            #expect(Set(receiver.all()) == Set(expected))
        }
    }

    private final class Receiver {
        private let socket: FileDescriptor
        private let batch = DatagramBatch(count: 256, byteLimit: 1_500)

        init() throws { socket = try Socket.datagram(.loopback, port: 0) }

        func port() throws -> UInt16 { try Socket.localPort(socket) }

        func all() -> [[UInt8]] {
            var found: [[UInt8]] = []
            while true {
                let count = batch.receive(from: socket)
                guard count > 0 else { return found }
                for index in 0..<count { batch.withBytes(index) { found.append([UInt8](copying: $0)) } }
            }
        }
    }
}
