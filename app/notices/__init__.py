"""Single mails that Docket writes by itself or for staff: kept until a relay took them."""
