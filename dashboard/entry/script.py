"""What Streamlit runs for every page."""

from dashboard.app import main

main()
