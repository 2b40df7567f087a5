import Foundation
import Testing

/// One hostile host without a lease, with several addresses, that requests everything from the server once a second. It has the lowest
/// priority, because on a real network it would have its own processor. It gives up after two minutes.
final class Flood {
    static let address = "10.77.0.66"
    /// MAC addresses that it invents.
    static let machines = "52:54:00:00:66:1"

    private let neighbour: Neighbour
    private let process: Background

    init() throws {
        neighbour = try Neighbour("flood", mac: "52:54:00:00:66:01", address: Self.address)
        for last in 67...74 {
            try neighbour.run(["ip", "addr", "add", "10.77.0.\(last)/24", "dev", "eth0"])
        }
        process = try Background(
            "/usr/bin/nice",
            ["-n", "19", "ip", "netns", "exec", neighbour.namespace, "/usr/bin/python3", "-c", Self.script],
            log: "\(BootLab.directory)/log/flood.log")
    }

    /// Ends it; its connections are closed.
    func end() { process.end() }

    private static let script = """
        import resource, socket, struct, time
        resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
        server, held, end = '10.77.0.1', [], time.time() + 120
        def connect(port, count, words=b'', source='10.77.0.66'):
            for _ in range(count):
                one = socket.socket()
                one.bind((source, 0))
                one.settimeout(0.2)
                held.append(one)
                try:
                    one.connect((server, port))
                    if words: one.send(words)
                except OSError: pass
        def datagrams(port, count, bytes, source=0, many=True):
            for _ in range(count):
                one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                one.bind(('' if source else '10.77.0.66', source))
                try: one.sendto(bytes, ('10.77.0.255' if source else server, port))
                except OSError: pass
                held.append(one)
        def discover(machine):
            head = struct.pack('!BBBBIHH4s4s4s4s', 1, 1, 6, 0, machine, 0, 0x8000, *[bytes(4)] * 4)
            card = bytes.fromhex('52540000661%x' % machine) + bytes(10)
            kind = b'PXEClient:Arch:00007:UNDI:003016'
            return (head + card + bytes(192) + bytes.fromhex('63825363350101') + bytes([60, len(kind)]) + kind
                + bytes.fromhex('5d0200075e03010310ff'))
        ask = b'GET /health HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'
        while time.time() < end:
            start = time.time()
            for one in held: one.close()
            held.clear()
            for port, words in ((10809, b''), (80, b'GET / HT'), (8443, b'\\x16\\x03\\x01')):
                connect(port, 140, words)
            for last in range(67, 75): connect(10809, 80, b'', '10.77.0.%d' % last)
            connect(80, 1, ask * 5000, '10.77.0.67')
            datagrams(69, 60, b'\\0\\1ipxe.efi\\0octet\\0timeout\\x00255\\0')
            datagrams(514, 200, b'<13>nobody: ' + b'x' * 900)
            for machine in range(4): datagrams(67, 60, discover(machine), 68)
            time.sleep(max(0, start + 1 - time.time()))
        """
}
