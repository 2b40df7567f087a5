/// A kernel's release as `uname -r` prints it, ordered by age.
///
/// Numbers compare as numbers and are newer than words; longer is newer than shorter: 5.14.0-427.13.1.el9_4 comes after 5.14.0-427.el9, as
/// in rpm (rpm-version(7)), and 6.5.0-rc7 before 6.5.0.
struct KernelRelease: Comparable, Hashable, CustomStringConvertible {
    let text: String

    init(_ text: String) { self.text = text }

    var description: String { text }

    /// Why a kernel is not the first choice for nodes that may be any machine; later cases are worse.
    enum Purpose: Int, Comparable {
        case general, boards, oneBoard, realTime, virtualMachines, debugging

        static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }

        /// What it is, completing «the kernel is».
        var text: String {
            switch self {
            case .general: "for all machines"
            case .boards, .oneBoard: "for some boards only"
            case .realTime: "for real-time work"
            case .virtualMachines: "for virtual machines, without drivers of real cards"
            case .debugging: "for debugging"
            }
        }
    }

    private static let purposes: [(Purpose, Set<Substring>)] = [
        (.debugging, ["debug", "dbg", "kdump", "rescue"]),
        (
            .virtualMachines,
            [
                "cloud", "virt", "virtual", "kvm", "kvmsmall", "aws", "azure", "gcp", "gke", "gkeop",
                "oracle", "ibm", "xen", "kata", "firecracker",
            ]
        ),
        (.realTime, ["rt", "realtime", "lowlatency"]),
        // Boards with arm64 cannot use pages of 64 KiB; the others are for one generation of the Raspberry Pi.
        (.oneBoard, ["64k", "64kb", "16k", "2712", "v6", "v7", "v7l"]),
        (.boards, ["raspi", "raspi2", "rpi", "tegra", "bluefield", "asahi", "xilinx", "snapdragon"]),
    ]

    /// By the words in its name.
    var purpose: Purpose {
        let words = Set(text.split { !$0.isLetter && !$0.isNumber })
        return Self.purposes.first { !$0.1.isDisjoint(with: words) }?.0 ?? .general
    }

    /// Runs of digits, and of letters.
    private var parts: [Substring] {
        var parts: [Substring] = []
        var rest = text[...]
        while let first = rest.first {
            let run = rest.prefix { first.isASCIIDigit ? $0.isASCIIDigit : $0.isLetter }
            if run.isEmpty { rest = rest.dropFirst() } else { parts.append(run) }
            rest = rest.dropFirst(run.count)
        }
        return parts
    }

    static func < (one: Self, other: Self) -> Bool {
        let (parts, others) = (one.parts, other.parts)
        for (part, other) in zip(parts, others) {
            let (isNumber, otherIsNumber) = (
                part.first?.isASCIIDigit == true, other.first?.isASCIIDigit == true
            )
            guard isNumber == otherIsNumber else { return otherIsNumber }
            // Of any length: the text is untrusted.
            let (left, right) = isNumber ? (part.drop { $0 == "0" }, other.drop { $0 == "0" }) : (part, other)
            if left == right { continue }
            return isNumber && left.count != right.count ? left.count < right.count : left < right
        }
        guard parts.count != others.count else { return one.text < other.text }
        let (isShorter, next) =
            parts.count < others.count ? (true, others[parts.count]) : (false, parts[others.count])
        return isShorter != ["rc", "pre", "alpha", "beta"].contains(next)
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
