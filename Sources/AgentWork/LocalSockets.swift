/// Sockets of programs on this machine that have a path (`/proc/net/unix`), with what listens and what is connected.
struct LocalSockets: Equatable {
    /// Paths with a listener. Abstract ones begin with `@`.
    private(set) var listening: Set<String> = []
    /// Connections that were accepted at a path.
    private(set) var connections: [String: Int] = [:]

    init() {}

    /// Columns: Num RefCount Protocol Flags Type St Inode Path. St is 01 where a socket is not connected, and 03 where it is; a listener has
    /// the flag 00010000 (`__SO_ACCEPTCON`).
    init(parsing text: String) {
        for line in text.split(separator: "\n").dropFirst() {
            let words = line.split(separator: " ", maxSplits: 7, omittingEmptySubsequences: true)
            guard words.count == 8 else { continue }
            let path = String(words[7])
            switch (words[3], words[5]) {
            case ("00010000", "01"): listening.insert(path)
            case (_, "03"): connections[path, default: 0] += 1
            default: break
            }
        }
    }
}

/// Established connections to ports of this machine (`/proc/net/tcp`, `/proc/net/tcp6`), and ports that are open.
struct OpenPorts: Equatable {
    private(set) var listening: Set<Int> = []
    private(set) var established: Set<Int> = []

    init() {}

    init(parsing texts: [String]) {
        for line in texts.flatMap({ $0.split(separator: "\n").dropFirst() }) {
            // `  0: 0100007F:0CEA 00000000:0000 0A …`: place, local address, the other's, state.
            let words = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: true)
            guard words.count == 5, let colon = words[1].lastIndex(of: ":"),
                let port = Int(words[1][words[1].index(after: colon)...], radix: 16)
            else { continue }
            switch words[3] {
            case "0A": listening.insert(port)
            case "01": established.insert(port)
            default: break
            }
        }
    }
}
