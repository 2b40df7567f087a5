import Testing

@testable import Fleet

/// Lines of the settings for kernel modules and kernel parameters.
@Suite struct KernelLinesTests {
    @Test(
        arguments: [
            ("loop", "load", true, false, []),
            ("loop", "max_loop=64 x=", true, false, ["max_loop=64", "x="]),
            ("loop", "deny", false, true, []), ("loop", "off", false, false, []),
        ] as [(String, String, Bool, Bool, [String])])
    func `a module is loaded, with options, or never`(
        key: String, text: String, isLoaded: Bool, isDenied: Bool, options: [String]
    ) throws {
        let line = try ModuleLine(reading: key, text)
        #expect(line.isLoaded == isLoaded && line.isDenied == isDenied)
        #expect(line.options.map(String.init) == options)
    }

    @Test(arguments: [
        ("", "load"), ("-loop", "load"), ("a b", "load"), ("a/b", "load"), ("lööp", "load"),
        (String(repeating: "a", count: 65), "load"), ("loop", "max_loop"), ("loop", "x=1 maybe"),
        ("loop", "yes"),
    ])
    func `what is no module, or no option, is refused`(key: String, text: String) {
        #expect(throws: InvalidSetting.self) { _ = try ModuleLine(reading: key, text) }
    }

    @Test func `names of modules have letters, digits, hyphens and underscores`() throws {
        for key in ["snd-hda_intel", "8021q", "Z", "a-", String(repeating: "a", count: 64)] {
            #expect(try ModuleLine(reading: key, "load").key == key)
        }
    }

    @Test(arguments: [
        ("net.ipv4.ip_forward", "1"), ("net.ipv4.conf.eth0/100.forwarding", "1"),
        ("kernel.printk", "3\t4 1 7"),
    ])
    func `a kernel parameter has a class and a value`(key: String, text: String) throws {
        let line = try KernelParameter(reading: key, text)
        #expect(line.key == key && line.text == text && line.flaw == nil)
    }

    @Test(arguments: [
        ("ipv4", "1"), ("net..ipv4", "1"), ("net.a b", "1"), ("net.a=b", "1"), ("net./a", "1"),
        ("net.a/", "1"), ("net.a//b", "1"), ("", "1"), ("net.a", ""), ("net.a", "1\n2"),
    ])
    func `what is no name or no value of one line is refused`(key: String, text: String) {
        #expect(throws: InvalidSetting.self) { _ = try KernelParameter(reading: key, text) }
    }

    @Test func `a class that no kernel has is a flaw, and no error`() throws {
        let flaw = try KernelParameter(reading: "nett.ipv4.ip_forward", "1").flaw
        #expect(flaw?.english.contains("does not begin with a class of kernel parameters: abi, ") == true)
    }
}
