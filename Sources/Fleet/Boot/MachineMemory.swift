/// A machine's memory as reported by its firmware to a boot loader: the sizes of its modules (SMBIOS 3.7 §7.18, type 17).
package struct MachineMemory: Equatable, Sendable {
    /// 0 when the firmware does not report it.
    package var mebibytes: Int

    package init(mebibytes: Int) { self.mebibytes = mebibytes }

    private static let moduleLimit = 16

    /// iPXE's settings for the sizes of the first modules; the expanded text is the argument of ``init(answer:)``.
    static let question: LoaderScript = (0..<moduleLimit).reduce("") { question, module in
        let comma: LoaderScript = module == 0 ? "" : ","
        return "\(question)\(comma)${smbios/\(module).17.12.2:hexraw}-${smbios/\(module).17.28.4:hexraw}"
    }

    /// - Parameter answer: `0020-00000000,ff7f-00000100,-`: size and extended size of each module, in memory byte order; invalid parts
    ///   count as zero.
    package init(answer: String) {
        mebibytes = answer.split(separator: ",").prefix(Self.moduleLimit).reduce(0) { sum, module in
            let words = module.split(separator: "-", omittingEmptySubsequences: false).map(Self.littleEndian)
            guard words.count == 2, let size = words[0], size != 0xFFFF, size <= 0xFFFF else { return sum }
            if size == 0x7FFF { return sum + (words[1] ?? 0) & 0x7FFF_FFFF }
            return sum + (size & 0x8000 == 0 ? size : (size & 0x7FFF) / 1_024)
        }
    }

    /// Nil unless it is two or four bytes in hexadecimal.
    private static func littleEndian(_ digits: Substring) -> Int? {
        guard [4, 8].contains(digits.utf8.count), digits.allSatisfy(\.isHexDigit),
            let value = UInt32(digits, radix: 16)
        else { return nil }
        return Int(digits.utf8.count == 4 ? value.byteSwapped >> 16 : value.byteSwapped)
    }
}
