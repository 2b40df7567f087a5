/// Certificates for `localhost`, and a key that is used for nothing else.
enum ConfiguredCertificates {
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgpcdoZD55Gk2+eT0F
        NJZAtpUxltnCwOduABfqC0O4WxqhRANCAARcYrQZ1ZuH6HcSPjwGj7mzgfX+GxQp
        HtHwTbeUqUHRv6+nZspgtmw/3R4ifnhxdtEio0VbwNaRwW2UN/dtjAvi
        -----END PRIVATE KEY-----
        """

    /// Valid from 2020 to 2120.
    static let good = """
        -----BEGIN CERTIFICATE-----
        MIIBXjCCAQSgAwIBAgIBAjAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
        c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
        CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFxitBnVm4fodxI+
        PAaPubOB9f4bFCke0fBNt5SpQdG/r6dmymC2bD/dHiJ+eHF20SKjRVvA1pHBbZQ3
        922MC+KjRTBDMAwGA1UdEwQFMAMBAf8wFAYDVR0RBA0wC4IJbG9jYWxob3N0MB0G
        A1UdDgQWBBQNlas7JocNaYjZgwBKk2kK3N3r+jAKBggqhkjOPQQDAgNIADBFAiEA
        5JARwFn2WqJGHM4nRYNY1fnFBU2ElB3okbpEGOnR35gCIGeQiLQs23MNmiWodjP1
        QNDS9cHpixU3sSyBwXQz9ZFu
        -----END CERTIFICATE-----
        """

    /// Valid in January 2020.
    static let expired = """
        -----BEGIN CERTIFICATE-----
        MIIBWzCCAQKgAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
        c3QwHhcNMjAwMTAxMDAwMDAwWhcNMjAwMjAxMDAwMDAwWjAUMRIwEAYDVQQDDAls
        b2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARcYrQZ1ZuH6HcSPjwG
        j7mzgfX+GxQpHtHwTbeUqUHRv6+nZspgtmw/3R4ifnhxdtEio0VbwNaRwW2UN/dt
        jAvio0UwQzAMBgNVHRMEBTADAQH/MBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAdBgNV
        HQ4EFgQUDZWrOyaHDWmI2YMASpNpCtzd6/owCgYIKoZIzj0EAwIDRwAwRAIgYbe2
        tVUDbv/y0PlBei2SD9vNzyKbvpoa7+52XQTZwRECIBd1AxpmV0LklOziO4/it6cO
        xqVhKXFuTEqoHBS65tjT
        -----END CERTIFICATE-----
        """
}
