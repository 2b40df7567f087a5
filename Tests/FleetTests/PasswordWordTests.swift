import Testing

@testable import Fleet

/// PINs and hashes of passwords, as settings.
@Suite struct PasswordWordTests {
    @Test(arguments: [("471108", false), ("12345", true), ("abcd", true), ("Ab3456", false)])
    func `a PIN that would be too short for a new one is still read`(text: String, isShort: Bool) throws {
        let pin = try RegistrationPIN(reading: text)
        #expect(pin.isShort == isShort && (pin.flaw != nil) == isShort)
    }

    @Test(arguments: ["", "123", "12 456", "12345ä", "12-456", String(repeating: "1", count: 33)])
    func `what is no PIN is refused, and not shown`(text: String) {
        let error = #expect(throws: InvalidSetting.self) { try RegistrationPIN(reading: text) }
        #expect(text.isEmpty || error?.description.contains(text) == false)
    }

    @Test(arguments: ["$6$salt$hash", "$y$j9T$a/b.c$D"]) func `a hash is taken`(text: String) throws {
        #expect(try PasswordHash(reading: text).settingText == text)
    }

    @Test(arguments: ["", "secret", "$6$a b", "$6$a:b", "x$6$a", "$6$\"", "*"])
    func `a password in clear is taken for no hash, and not shown`(text: String) {
        let error = #expect(throws: InvalidSetting.self) { try PasswordHash(reading: text) }
        #expect(error?.description.contains("mkpasswd") == true)
        #expect(text.count < 3 || error?.description.contains(text) == false)
    }
}
