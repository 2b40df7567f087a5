/// What an X server is asked for its idle time, and its answers (X11 protocol, screen saver extension 1.1). Nothing in an answer is trusted: the
/// server is a person's own program.
enum DisplayIdle {
    static let extensionName = "MIT-SCREEN-SAVER"
    private static let cookieName = "MIT-MAGIC-COOKIE-1"
    /// Bytes of an answer without what follows its head; of all that follows the head of the set-up.
    static let (answerCount, setUpLimit) = (32, 64 << 10)

    /// The cookie for a display among the entries of an authority file (Xau(3)), which are written most significant byte first; nil without
    /// one.
    static func cookie(of display: Int, in file: [UInt8]) -> [UInt8]? {
        var rest = file[...]
        func number() -> Int? {
            guard rest.count >= 2 else { return nil }
            defer { rest = rest.dropFirst(2) }
            return Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
        }
        func field() -> [UInt8]? {
            guard let count = number(), rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        while number() != nil {
            guard field() != nil, let shown = field(), let name = field(), let data = field() else {
                return nil
            }
            if shown == Array("\(display)".utf8), name == Array(cookieName.utf8) { return data }
        }
        return nil
    }

    /// Least significant byte first.
    static func setUp(cookie: [UInt8]?) -> [UInt8] {
        let name = cookie == nil ? [] : Array(cookieName.utf8)
        let data = cookie ?? []
        return [0x6C, 0] + two(11) + two(0) + two(name.count) + two(data.count) + two(0) + padded(name)
            + padded(data)
    }

    /// Bytes that follow the eight of the head; nil when the server refuses.
    static func setUpCount(_ head: [UInt8]) -> Int? {
        guard head.count == 8, head[0] == 1 else { return nil }
        let count = (Int(head[6]) | Int(head[7]) << 8) * 4
        return count <= setUpLimit ? count : nil
    }

    /// The first screen's root window, by what follows the head.
    static func root(in body: [UInt8]) -> [UInt8]? {
        guard body.count >= 32 else { return nil }
        let vendor = Int(body[16]) | Int(body[17]) << 8
        let start = 32 + (vendor + 3) / 4 * 4 + Int(body[21]) * 8
        guard body[20] > 0, body.count >= start + 4 else { return nil }
        return Array(body[start..<start + 4])
    }

    static var queryExtension: [UInt8] {
        let name = Array(extensionName.utf8)
        return [98, 0] + two(2 + name.count / 4) + two(name.count) + two(0) + padded(name)
    }

    /// The extension's number; nil when the server has none.
    static func opcode(_ answer: [UInt8]) -> UInt8? {
        guard answer.count == answerCount, answer[0] == 1, answer[8] == 1 else { return nil }
        return answer[9]
    }

    static func queryInfo(_ opcode: UInt8, of root: [UInt8]) -> [UInt8] { [opcode, 1] + two(2) + root }

    /// Seconds without a key or a movement.
    static func seconds(_ answer: [UInt8]) -> Int? {
        guard answer.count == answerCount, answer[0] == 1 else { return nil }
        return (0..<4).reduce(0) { $0 | Int(answer[16 + $1]) << (8 * $1) } / 1_000
    }

    private static func two(_ number: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
    }

    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + Array(repeating: 0, count: (4 - bytes.count % 4) % 4)
    }
}
