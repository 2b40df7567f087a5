import Testing

/// Everything that needs the laboratory: one after the other, because there is one server and one processor for QEMU.
@Suite(.serialized, .enabled(if: BootLab.obstacle == nil, "\(BootLab.obstacle ?? "")"))
enum EndToEnd {}
