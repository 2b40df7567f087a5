import Wire

/// A line of `authorized_keys` (sshd(8)): options, type, key, comment.
package struct PublicKeyLine: SettingWord {
    package let settingText: String

    package init(reading text: String) { settingText = text }

    package var problem: Sentence? { Self.problem(settingText) }

    package var flaw: Sentence? {
        Self.isCutOff(settingText)
            ? "‘\(settingText)’ is incomplete: the whole line of the .pub file is required" : nil
    }

    /// The problem with a line, including things that are often mistaken for a public key; nil when there is none. The line itself is not
    /// shown: it may be a pasted password or private key.
    private static func problem(_ line: String) -> Sentence? {
        if line.contains("PRIVATE KEY-----") || line.hasPrefix("PuTTY-User-Key-File") {
            return
                "this is a private key, which stays with its owner; the public one is in a file of its own (.pub)"
        }
        if line.hasPrefix("---- BEGIN SSH2 PUBLIC KEY") {
            return "this key is in the format of RFC 4716: ssh-keygen -i -f FILE converts it to one line"
        }
        if line.hasPrefix("-----BEGIN ") {
            return "this is a certificate, or a key of another program; create one with ssh-keygen"
        }
        let isLine =
            !line.unicodeScalars.contains(where: PlainText.isControl) && line.split(separator: " ").count > 1
        return isLine
            ? nil : "this is not a public key: a line has its type, the key and a comment, as in a .pub file"
    }

    /// Whether a key is shorter than its own lengths state, as when it was not copied completely.
    private static func isCutOff(_ line: String) -> Bool {
        let words = line.split(separator: " ")
        for (type, key) in zip(words, words.dropFirst()) {
            let bytes = bytes(key)
            // RFC 4253 §6.6: each part is preceded by its length in four bytes; the first one is the type.
            let name = Array(type.utf8)
            guard bytes.count >= 4 + name.count, length(bytes[...]) == name.count,
                bytes[4..<4 + name.count].elementsEqual(name)
            else { continue }
            var rest = bytes[...]
            var partCount = 0
            while rest.count >= 4, let length = length(rest), rest.count >= 4 + length {
                rest = rest.dropFirst(4 + length)
                partCount += 1
            }
            return partCount < 2 || !rest.isEmpty || !key.utf8.count.isMultiple(of: 4)
        }
        return false
    }

    private static func length(_ bytes: ArraySlice<UInt8>) -> Int? {
        bytes.count < 4 ? nil : bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    }

    /// As many as can be decoded (RFC 4648 §4).
    private static func bytes(_ text: Substring) -> [UInt8] {
        var (bytes, value, bitCount): ([UInt8], UInt32, Int) = ([], 0, 0)
        for letter in text.utf8 {
            let digit: UInt8
            switch letter {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = letter - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = letter - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = letter - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): digit = 62
            case UInt8(ascii: "/"): digit = 63
            default: return bytes
            }
            value = value << 6 | UInt32(digit)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(bitCount)))
            }
        }
        return bytes
    }
}
