"""What is looked at outside: links of drafts, and the DNS of the domains that mail comes from."""
